"""Scores: units, directions and colours that intervals allow."""

import math

from selflearn.serving.scores import LABELLED, describe, headlines, table, verdict, write


def row(features, measure, value, half=0.01):
    return {"features": features, "measure": measure, "value": value, "low": value - half, "high": value + half, "n": 5}


def cells(rows):
    return {cell["features"]: cell for cell in table(rows)["families"][0]["rows"][0]["cells"]}


def test_units():
    assert write(0.9341, describe("knn")) == "93.4 %"
    assert write(0.8123, describe("nmi")) == "0.812"
    assert write(61.23, describe("rankme")) == "61.2"
    assert write(math.nan, describe("knn")) == "–"
    assert describe("4 labels a class").family == LABELLED
    assert describe("10 %").share


def test_gain_is_against_the_strongest_baseline_and_coloured_only_beyond_intervals():
    clear = cells([row("encoder", "knn", 0.9), row("raw", "knn", 0.8), row("pca", "knn", 0.85)])
    assert (clear["encoder"]["gain"], clear["encoder"]["tone"]) == ("+5.0 points", "gain")
    touching = cells([row("encoder", "knn", 0.9, 0.04), row("raw", "knn", 0.85, 0.04)])
    assert touching["encoder"]["tone"] == ""
    behind = cells([row("encoder", "knn", 0.7), row("raw", "knn", 0.8)])
    assert (behind["encoder"]["gain"], behind["encoder"]["tone"]) == ("-10.0 points", "loss")


def test_no_gain_is_claimed_where_more_is_not_better():
    assert cells([row("encoder", "uniformity", -3), row("raw", "uniformity", -1)])["encoder"]["gain"] == ""


def test_headlines_are_what_there_is():
    rows = [row("encoder", name, 0.5) for name in ("self retrieval", "linear", "knn")]
    assert [block["title"] for block in headlines(rows)] == ["Nearest neighbours", "Linear probe"]
    assert headlines([row("raw", "knn", 0.5)]) == []
    assert table([]) is None


def test_a_reason_is_cut_between_measures():
    reason = "k-NN: 97.8 %, above raw input at 97.1 % (+0.7 points, +0.1 to +1.3). 4 labels a class: 90.2 % (+9 points)."
    assert len(verdict({"kind": "learned", "reason": reason, "remedy": ""})["reason"]) == 2
