import numpy as np
import pytest

from selflearn.evaluation import Scorecard, judge
from selflearn.measures import Verdict

WOBBLE = np.array([-0.01, 0.0, 0.01, -0.005, 0.005])


def card(measure="knn", rank=40.0, notes=(), **means):
    """A scorecard with one measure: paired repetitions that wobble alike, and a little apart."""
    made = Scorecard(notes=list(notes))
    for number, (name, mean) in enumerate(means.items()):
        made.add(name, measure, mean + WOBBLE + 0.002 * np.roll(WOBBLE, number) / 0.01)
    made.add("encoder", "rankme", [rank])
    return made


def both(knn, few):
    made = card("knn", encoder=0.8 + knn, untrained=0.8)
    for row in (card("4 labels a class", encoder=0.6 + few, untrained=0.6)).repeats["4 labels a class"].items():
        made.add(row[0], "4 labels a class", row[1])
    return made


def test_better_than_its_twin_is_learned_and_the_reason_compares_with_all():
    verdict = judge(card(encoder=0.9, raw=0.8, pca=0.95, untrained=0.7))
    assert verdict.kind == "learned"
    assert "k-NN: 90.0 %" in verdict.reason
    assert "above its untrained twin at 70.0 % (+20.0 points" in verdict.reason
    assert "above raw input at 80.0 %" in verdict.reason
    assert "below PCA at 95.0 %" in verdict.reason
    assert "PCA still does better" in verdict.remedy


def test_level_with_its_twin_is_not_learned_and_there_is_a_remedy():
    verdict = judge(card(encoder=0.7001, raw=0.8, untrained=0.7))
    assert verdict.kind == "did not learn"
    assert "cannot be told from its untrained twin" in verdict.reason
    assert "budget" in verdict.remedy


def test_worse_than_its_twin_is_said():
    verdict = judge(card(encoder=0.6, untrained=0.7))
    assert verdict.kind == "did not learn"
    assert "worse by k-NN" in verdict.reason


@pytest.mark.parametrize(
    ("knn", "few", "kind"),
    [(0.1, 0.1, "learned"), (0.0, 0.1, "learned"), (-0.1, 0.1, "did not learn"), (0.0, 0.0, "did not learn")],
)
def test_one_main_measure_must_rise_and_none_may_fall(knn, few, kind):
    assert judge(both(knn, few)).kind == kind


def test_a_perfect_twin_leaves_no_room():
    verdict = judge(card(encoder=0.995, untrained=0.995))
    assert verdict.kind == "did not learn"
    assert "no room" in verdict.remedy


def test_beating_raw_input_alone_is_not_learning():
    assert judge(card(encoder=0.9, raw=0.3)).kind == "did not learn"


@pytest.mark.parametrize("kind", ["collapsed", "diverged"])
def test_alarms_pass_through(kind):
    alarm = Verdict(kind, "rank 1.0 at step 40", "lower the learning rate")
    assert judge(card(encoder=0.9, untrained=0.1), alarm) is alarm


def test_rank_one_is_collapse_unless_it_learned():
    assert judge(card(encoder=0.5, untrained=0.7, rank=1.0)).kind == "collapsed"
    assert judge(card(encoder=0.9, untrained=0.7, rank=1.0)).kind == "learned"


def test_luck_is_called_learning_about_as_rarely_as_promised():
    """Two encoders of equal worth: at most 2 x 1.25 % of the differences of either sign are taken for learning."""
    rng = np.random.default_rng(0)
    kinds = []
    for _ in range(400):
        made = Scorecard()
        for measure in ("knn", "4 labels a class"):
            for name in ("encoder", "untrained"):
                made.add(name, measure, 0.7 + 0.05 * rng.normal(size=10))
        kinds.append(judge(made).kind)
    assert kinds.count("learned") / 400 < 0.05
