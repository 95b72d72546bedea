import json
import math

import pytest

from selflearn.errors import RunError
from selflearn.evaluation import Row, Scorecard
from selflearn.evaluation.scorecard import Lead


def small_card():
    card = Scorecard(notes=["raw: centred"])
    card.add("encoder", "knn", [0.9, 0.8, 0.85])
    card.add("raw", "knn", [0.7, 0.6, 0.65])
    card.add("encoder", "rankme", [41.5])
    return card


def test_rows_hold_exactly_six_things():
    assert list(small_card().to_json()["rows"][0]) == ["features", "measure", "value", "low", "high", "n"]


def test_values_margins_and_paired_differences():
    card = small_card()
    assert card.value("encoder", "knn") == pytest.approx(0.85)
    assert card.margin("encoder", "raw", "knn") == pytest.approx(0.2)
    assert card.difference("encoder", "raw", "knn") == pytest.approx((0.2, 0.2, 0.2))
    assert card.find("encoder", "rankme") == Row("encoder", "rankme", 41.5, 41.5, 41.5, 1)
    with pytest.raises(KeyError, match="measured: knn, rankme"):
        card.value("pca", "knn")


def test_draws_and_test_samples_both_widen_a_difference():
    card = Scorecard()
    for name, shift in (("encoder", 0.1), ("untrained", 0.0)):
        draws = [0.5 + shift + wobble * shift for wobble in (-1, 0, 1)]
        card.add(name, "4 labels a class", draws, by_sample=[0.5 + shift + 2 * wobble * shift for wobble in (-1, 0, 1)])
    mean, low, high = card.difference("encoder", "untrained", "4 labels a class")
    half = 4.30265 * 0.1 / math.sqrt(3)
    assert (mean, (high - low) / 2) == pytest.approx((0.1, math.hypot(half, 2 * half)), rel=1e-4)


def test_the_interval_shown_has_the_part_of_the_test_samples_too():
    card = Scorecard()
    card.add("encoder", "4 labels a class", [0.4, 0.5, 0.6], by_sample=[0.3, 0.5, 0.7])
    card.add("raw", "4 labels a class", [0.4, 0.5, 0.6])
    half = 4.30265 * 0.1 / math.sqrt(3)
    row, draws_only = card.find("encoder", "4 labels a class"), card.find("raw", "4 labels a class")
    assert (row.low, row.high) == pytest.approx((0.5 - math.hypot(half, 2 * half), 0.5 + math.hypot(half, 2 * half)), rel=1e-4)
    assert (draws_only.low, draws_only.high) == pytest.approx((0.5 - half, 0.5 + half), rel=1e-4)


def test_a_lead_is_over_the_strongest_baseline_and_clear_over_all():
    card = small_card()
    card.add("untrained", "knn", [0.71, 0.6, 0.66])
    assert card.lead("knn") == Lead("untrained", pytest.approx(0.85 - 1.97 / 3), 1)
    card.add("pca", "knn", [0.95, 0.85, 0.9])
    assert card.lead("knn") == Lead("pca", pytest.approx(-0.05), -1)
    assert card.lead("rankme") is None
    assert card.lead("never measured") is None


def test_a_lead_without_pairs_is_not_clear():
    card = Scorecard()
    card.add("encoder", "knn", [0.9, 0.9, 0.9])
    card.add("raw", "knn", [0.1, 0.1])
    assert card.lead("knn").clear == 0


def test_two_repetitions_that_agree_by_chance_prove_nothing():
    card = Scorecard()
    card.add("encoder", "knn", [0.8, 0.8])
    card.add("raw", "knn", [0.7, 0.7])
    assert card.difference("encoder", "raw", "knn")[1:] == (-math.inf, math.inf)


def test_json_gives_the_card_back():
    card = small_card()
    assert Scorecard.from_json(json.loads(json.dumps(card.to_json(), allow_nan=False))) == card


@pytest.mark.parametrize("content", [{}, {"rows": [{"features": "raw"}], "notes": [], "repeats": {}, "by_sample": {}}, None])
def test_what_is_no_scorecard_is_refused(content):
    with pytest.raises(RunError, match="not a scorecard"):
        Scorecard.from_json(content)


def test_the_table_shows_each_number_beside_its_baselines():
    first, knn, rank, note = small_card().table().splitlines()
    assert first.split() == ["measure", "encoder", "raw"]
    assert knn.split() == ["knn", "0.850", "±", "0.124", "0.650", "±", "0.124"]
    assert rank.split() == ["rankme", "41.5", "-"]
    assert note == "note: raw: centred"
