"""The scorecard of answers: exact numbers of known answers, rivals in closed form, and what the verdict says of them."""

import numpy as np
import pytest

from selflearn.evaluation import Told, judge_answers, rivals_of, score_answers
from selflearn.measures import Verdict


def numbers(tasks=400, points=12, seed=0):
    """Targets of normals whose mean each task has of its own: inputs tell nothing."""
    draw = np.random.default_rng(seed)
    targets = draw.normal(size=(tasks, 1)) + draw.normal(size=(tasks, points))
    return Told(draw.normal(size=(tasks, points, 1)), targets, draw.integers(points, size=tasks), 0)


def classes(tasks=30, points=60, seed=0):
    """Two classes, told by the sign of the first feature."""
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(tasks, points, 2))
    return Told(values, (values[..., 0] > 0).astype(np.int64), np.full(tasks, points // 2), 3)


def densities(told, spread):
    """Log densities of a normal of this spread around zero."""
    return [-0.5 * (told.queries(row) / spread) ** 2 - np.log(spread * np.sqrt(2 * np.pi)) for row in range(len(told.context))]


def test_the_normal_rival_knows_more_than_the_prior_and_less_than_the_truth():
    told = numbers()
    rival = np.mean([each.mean() for each in rivals_of(told)["mean and variance"]])
    prior = np.mean([each.mean() for each in densities(told, 2**0.5)])
    best = -0.5 * np.log(2 * np.pi * np.e)  # with mean and variance known
    assert prior < rival < best
    assert rival > prior + 0.1


def test_frequencies_are_laplaces_rule_and_fitted_rivals_beat_them():
    told = classes()
    said = rivals_of(told)
    seen = np.bincount(told.targets[0, :30], minlength=3) + 1
    assert said["class frequencies"][0][0] == pytest.approx(seen / seen.sum())
    card = score_answers(told, {"encoder": said["class frequencies"], **said})
    assert card.value("logistic", "accuracy") > 0.85
    assert card.value("forest", "accuracy") > 0.85
    assert card.value("class frequencies", "accuracy") < 0.7
    for each in said.values():
        assert np.allclose(each[0].sum(1), 1)


def test_a_context_of_one_class_is_told_by_its_frequencies():
    told = Told(np.zeros((1, 6, 1)), np.zeros((1, 6), dtype=np.int64), np.array([3]), 2)
    assert rivals_of(told)["forest"][0] == pytest.approx(np.tile([0.8, 0.2], (3, 1)))


@pytest.mark.parametrize(("gain", "kind"), [(0.3, "learned"), (-0.3, "did not learn"), (0.0, "did not learn")])
def test_the_verdict_is_by_the_difference_from_a_context_nobody_looks_at(gain, kind):
    told = numbers()
    rival = rivals_of(told)["mean and variance"]
    noise = np.random.default_rng(1).normal(size=len(rival))
    encoder = [each + gain + 0.1 * noise[row] for row, each in enumerate(rival)]
    exact = [each + 0.6 for each in rival]
    verdict = judge_answers(score_answers(told, {"encoder": encoder, "mean and variance": rival, "exact": exact}))
    assert verdict.kind == kind
    if kind == "learned":
        assert "above mean and variance" in verdict.reason
        share = int(verdict.reason.rsplit(": ", 1)[1].split(" %")[0])
        assert abs(share - 50) <= 2
        assert verdict.remedy


def test_what_cannot_be_surpassed_is_no_baseline():
    told = numbers(50)
    rival = rivals_of(told)["mean and variance"]
    said = {"encoder": [each + 0.3 for each in rival], "mean and variance": rival, "exact": [each + 0.6 for each in rival]}
    card = score_answers(told, said)
    assert card.lead("log likelihood").baseline == "mean and variance"
    assert card.lead("log likelihood").clear == 1
    assert card.names()[0] == "encoder"


def test_alarms_are_passed_on():
    alarm = Verdict("diverged", "the loss became nan", "")
    assert judge_answers(score_answers(numbers(5), {"encoder": densities(numbers(5), 1.0)}), alarm) is alarm
