"""One form for all tasks: what tells nothing changes nothing, and a known point's score is what the other points say."""

import pytest
import torch

from selflearn.networks.alignment import REGRESSIONS, aligned, by_frequency


def task(seed=0, points=20, features=3, outputs=2, context=(12, 8)):
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(len(context), points, features, generator=generator, dtype=torch.float64)
    for row, count in enumerate(context):
        known = values[row, :count]
        values[row] = (values[row] - known.mean(0)) / known.std(0, correction=0)
    targets = torch.randn(len(context), points, outputs, generator=generator, dtype=torch.float64)
    return values, targets, torch.tensor(context)


def linear(values, targets, fit, told, penalty):
    kernel = values[told] @ values[fit].T
    inner = values[fit] @ values[fit].T + penalty * torch.eye(len(fit), dtype=torch.float64)
    return kernel @ torch.linalg.solve(inner, targets[fit])


def test_scores_are_ridge_regression_and_leave_a_known_point_out():
    values, targets, context = task()
    _, scores = aligned(values, targets, context)
    name, penalty = REGRESSIONS[0]
    assert name == "linear"
    for row, count in enumerate(context.tolist()):
        centred = targets[row] - targets[row, :count].mean(0)
        known, asked = list(range(count)), list(range(count, 20))
        torch.testing.assert_close(scores[row, asked, :2], linear(values[row], centred, known, asked, penalty))
        for left in (0, count - 1):
            others = [each for each in known if each != left]
            torch.testing.assert_close(scores[row, left, :2], linear(values[row], centred, others, [left], penalty)[0])


def test_order_and_sign_of_features_change_nothing():
    values, targets, context = task(features=5)
    order, signs = torch.tensor([3, 0, 4, 1, 2]), torch.tensor([1.0, -1.0, -1.0, 1.0, -1.0]).double()
    for first, second in zip(aligned(values, targets, context), aligned(values[..., order] * signs, targets, context), strict=True):
        torch.testing.assert_close(first, second)


def test_the_feature_that_tells_most_comes_first_with_its_sign():
    values, targets, context = task(context=(20, 20))
    targets = -values[..., 2:] + 0.1 * targets[..., :1]
    arranged, _ = aligned(values, targets, context)
    torch.testing.assert_close(arranged[..., 0], -values[..., 2])


def test_targets_of_queries_are_not_looked_at():
    values, targets, context = task()
    changed = targets.clone()
    changed[0, 12:], changed[1, 8:] = 99.0, -99.0
    for first, second in zip(aligned(values, targets, context), aligned(values, changed, context), strict=True):
        torch.testing.assert_close(first, second)


def test_an_empty_context_tells_nothing():
    values, targets, _ = task()
    arranged, scores = aligned(torch.zeros_like(values), targets, torch.tensor([0, 0]))
    assert not arranged.any()
    assert not scores.any()


@pytest.mark.parametrize(("context", "places"), [(4, [1, 2, 0]), (0, [0, 1, 2]), (6, [1, 2, 0])])
def test_classes_come_by_frequency_in_the_context(context, places):
    targets = torch.tensor([[2, 2, 0, 2, 1, 0, 1, 1, 1]])
    assert by_frequency(targets, torch.tensor([context]), 3).tolist() == [places]
