"""Scores: units, directions and colours that intervals allow."""

import math

from selflearn.evaluation import Scorecard
from selflearn.serving.scores import LABELLED, describe, headlines, table, verdict, write

SEEN = [-1, 0, 1]  # what three folds have in common: how hard they are


def card(half=0.02, measure="knn", **values):
    """Three folds each. Folds differ by `half`, alike for all features but for a hundredth of it, so that differences are sure."""
    made = Scorecard()
    for number, (features, value) in enumerate(values.items()):
        made.add(features, measure, [value + half * fold + 0.01 * half * (-1) ** (fold + number) for fold in SEEN])
    return made


def cells(made):
    return {cell["features"]: cell for cell in table(made)["families"][0]["rows"][0]["cells"]}


def test_units():
    assert write(0.9341, describe("knn")) == "93.4 %"
    assert write(0.8123, describe("nmi")) == "0.812"
    assert write(61.23, describe("rankme")) == "61.2"
    assert write(math.nan, describe("knn")) == "–"
    assert describe("4 labels a class").family == LABELLED
    assert describe("10 %").share


def test_gain_is_against_the_strongest_baseline_and_its_colour_from_paired_differences():
    clear = cells(card(encoder=0.9, raw=0.8, pca=0.85))["encoder"]
    assert (clear["gain"], clear["tone"]) == ("+5.0 points", "gain")
    behind = cells(card(encoder=0.7, raw=0.8))["encoder"]
    assert (behind["gain"], behind["tone"]) == ("-10.0 points", "loss")


def test_intervals_that_overlap_may_leave_no_doubt_and_those_that_do_not_some():
    overlapping = card(half=0.1, encoder=0.9, raw=0.85)
    assert overlapping.find("encoder", "knn").low < overlapping.find("raw", "knn").high
    assert cells(overlapping)["encoder"]["tone"] == "gain"
    drawn = Scorecard()  # draws of labels agree to a hair, but on other test samples the difference might vanish
    for features, value, samples in (("encoder", 0.9, [0.8, 0.9, 1.0]), ("raw", 0.85, [0.95, 0.85, 0.75])):
        drawn.add(features, "4 labels a class", [value - 0.001, value, value + 0.001], by_sample=samples)
    cell = cells(drawn)["encoder"]
    assert (cell["gain"], cell["tone"]) == ("+5.0 points", "")
    assert cell["spread"] == "± 24.8"


def test_colour_needs_every_baseline_behind():
    made = card(encoder=0.9, raw=0.8)
    made.add("untrained", "knn", [0.5, 0.99, 0.7])  # behind on average, and nobody knows
    assert cells(made)["encoder"]["tone"] == ""


def test_no_gain_is_claimed_where_more_is_not_better():
    assert cells(card(measure="uniformity", encoder=-3, raw=-1))["encoder"]["gain"] == ""


def test_headlines_are_what_there_is():
    made = Scorecard()
    for name in ("self retrieval", "linear", "knn"):
        made.add("encoder", name, [0.5])
    assert [block["title"] for block in headlines(made)] == ["Nearest neighbours", "Linear probe"]
    assert headlines(card(raw=0.5)) == []
    assert table(Scorecard()) is None


def test_a_reason_is_cut_between_measures():
    reason = "k-NN: 97.8 %, above raw input at 97.1 % (+0.7 points, +0.1 to +1.3). 4 labels a class: 90.2 % (+9 points)."
    assert len(verdict({"kind": "learned", "reason": reason, "remedy": ""})["reason"]) == 2
