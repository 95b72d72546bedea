import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from selflearn.evaluation.softmax import softmax_regression

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = ((DIGITS - DIGITS.mean(0)) / DIGITS.std()).astype(np.float32)


def probabilities(weights, bias):
    return (torch.from_numpy(DIGITS) @ weights + bias).softmax(-1).numpy()


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_it_is_scikit_learns_logistic_regression(strength):
    weights, bias = softmax_regression(torch.from_numpy(DIGITS), torch.from_numpy(LABELS), 10, strength)
    reference = LogisticRegression(C=strength, tol=1e-6, max_iter=2000).fit(DIGITS, LABELS)
    np.testing.assert_allclose(probabilities(weights[0], bias[0]), reference.predict_proba(DIGITS), atol=5e-3)


@pytest.mark.parametrize("per_class", [1, 4, 16])
def test_many_draws_at_once_are_many_fits(per_class):
    rng = np.random.default_rng(0)
    draws = np.stack(
        [np.concatenate([rng.choice(np.flatnonzero(c == LABELS), per_class, replace=False) for c in range(10)]) for _ in range(4)]
    )
    weights, bias = softmax_regression(torch.from_numpy(DIGITS[draws]), torch.from_numpy(LABELS[draws]), 10)
    for number, draw in enumerate(draws):
        reference = LogisticRegression(tol=1e-6, max_iter=2000).fit(DIGITS[draw], LABELS[draw])
        np.testing.assert_allclose(probabilities(weights[number], bias[number]), reference.predict_proba(DIGITS), atol=1e-2)


def test_several_strengths_at_once_are_several_fits():
    features, labels = torch.from_numpy(DIGITS[:300]), torch.from_numpy(LABELS[:300])
    weights, bias = softmax_regression(features, labels, 10, torch.tensor([0.01, 0.1]))
    for number, strength in enumerate((0.01, 0.1)):
        alone, alone_bias = softmax_regression(features, labels, 10, strength)
        np.testing.assert_allclose(probabilities(weights[number], bias[number]), probabilities(alone[0], alone_bias[0]), atol=1e-3)


def test_a_shift_of_the_features_is_taken_up_by_the_bias():
    features, labels = torch.from_numpy(DIGITS[:200]), torch.from_numpy(LABELS[:200])
    weights, bias = softmax_regression(features, labels, 10)
    shifted, shifted_bias = softmax_regression(features + 3, labels, 10)
    np.testing.assert_allclose(
        (features @ weights[0] + bias[0]).softmax(-1), ((features + 3) @ shifted[0] + shifted_bias[0]).softmax(-1), atol=1e-3
    )


def test_constant_features_give_the_shares_of_the_classes():
    weights, bias = softmax_regression(torch.ones(8, 3), torch.tensor([0, 0, 0, 0, 0, 0, 1, 1]), 2)
    assert (torch.ones(3) @ weights[0] + bias[0]).softmax(-1)[0].item() == pytest.approx(0.75, abs=1e-3)
