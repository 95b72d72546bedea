"""The table of several runs."""

import pytest

from selflearn.errors import RunError
from selflearn.evaluation import Scorecard
from selflearn.serving import compare
from selflearn.serving.compare import STAR, UNLIKE


def card(**values):
    """Three folds each: alike, but for a thousandth."""
    scorecard = Scorecard()
    for number, (name, value) in enumerate(values.items()):
        features, _, measure = name.partition("_")
        scorecard.add(features, measure, [value - 0.01, value + 0.001 * number, value + 0.01])
    return scorecard


def lines(text):
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines()]


def test_runs_stand_side_by_side_with_the_strongest_baseline():
    text = compare({"a": card(encoder_knn=0.9, raw_knn=0.8), "b": card(encoder_knn=0.95, pca_knn=0.85)})
    table = lines(text)
    assert table[0] == ["measure", "a", "b", "best baseline"]
    name, first, second, baseline = table[2]
    assert name == "knn"
    assert first.startswith("90.0 ±")
    assert first.endswith("*")
    assert second.endswith("*")
    assert baseline == "85.0 % (pca)"
    assert text.endswith(STAR)


def test_a_star_needs_a_clear_difference_from_every_baseline_of_the_run():
    level, behind = card(encoder_knn=0.9, raw_knn=0.9), card(encoder_knn=0.95, raw_knn=0.85, pca_knn=0.96)
    text = compare({"level": level, "behind": behind, "bare": card(encoder_knn=0.99)})
    assert "*" not in text


def test_no_winner_where_more_is_not_better_and_gaps_are_dashes():
    table = lines(compare({"a": card(encoder_rankme=40.0), "b": card(encoder_knn=0.9)}))
    assert table[2][0] == "rankme"
    assert "*" not in "".join(table[2])
    assert table[2][2] == "-"


def test_names_are_told_apart_from_columns_and_every_line_is_as_wide():
    text = compare({"runs/a|b": card(encoder_knn=0.9)})
    assert len({len(line) for line in text.splitlines()}) == 1
    assert "runs/a\\|b" in text


def test_nothing_to_compare_is_said():
    with pytest.raises(RunError, match="nothing to compare"):
        compare({"a": Scorecard()})


def test_runs_on_different_data_are_said_to_be():
    cards = {"a": card(encoder_knn=0.9, raw_knn=0.8), "b": card(encoder_knn=0.95, raw_knn=0.85)}
    assert compare(cards, {"a": "1", "b": "1"}) == compare(cards)
    unlike = compare(cards, {"a": "1", "b": "2"})
    assert unlike.endswith(UNLIKE)
    assert lines(unlike)[2][3] == "-"
