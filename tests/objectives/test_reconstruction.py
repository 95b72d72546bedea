"""Masked objectives: only hidden tokens count; normalised targets ignore brightness and contrast."""

import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import latent_prediction, masked_classification, masked_cosine, masked_reconstruction


def some():
    values = torch.randn(3, 6, 8)
    hidden = torch.zeros(3, 6, dtype=torch.bool)
    hidden[:, ::2] = True
    return values, hidden


def test_visible_tokens_have_no_part():
    values, hidden = some()
    predictions = values.clone()
    predictions[~hidden] += 100
    assert masked_reconstruction(predictions, values, hidden) == 0


def test_it_is_the_mean_squared_error_of_hidden_tokens():
    values, hidden = some()
    predictions = torch.randn_like(values)
    expected = (predictions[hidden] - values[hidden]).square().mean()
    assert float(masked_reconstruction(predictions, values, hidden)) == pytest.approx(float(expected), rel=1e-5)


def test_normalised_targets_ignore_brightness_and_contrast():
    values, hidden = some()
    predictions = torch.randn_like(values)
    changed = 5 * values + torch.randn(3, 6, 1)
    losses = [masked_reconstruction(predictions, each, hidden, normalised=True) for each in (values, changed)]
    assert float(losses[0]) == pytest.approx(float(losses[1]), rel=1e-4)


def test_guessing_the_mean_of_normalised_tokens_costs_their_variance():
    values, hidden = some()
    loss = masked_reconstruction(torch.zeros_like(values), values, hidden, normalised=True)
    assert float(loss) == pytest.approx(7 / 8, rel=1e-4)  # unbiased variance one over 8 values


def test_an_even_token_stays_finite():
    values, hidden = torch.ones(1, 2, 4), torch.ones(1, 2, dtype=torch.bool)
    assert masked_reconstruction(torch.zeros(1, 2, 4), values, hidden, normalised=True) == 0


def test_nothing_hidden_is_nothing_lost():
    values, hidden = some()
    assert masked_reconstruction(values + 1, values, torch.zeros_like(hidden)) == 0


def test_misfits_are_refused():
    values, hidden = some()
    with pytest.raises(RecipeError, match="hidden"):
        masked_reconstruction(values, values, hidden[:, :3])


def words():
    classes = torch.tensor([[0, 1, 2, -1], [2, 2, 1, 0]])
    hidden = torch.tensor([[True, False, True, True], [False, True, False, False]])
    return classes, hidden


def test_equal_logits_cost_the_log_of_the_vocabulary():
    classes, hidden = words()
    assert float(masked_classification(torch.zeros(2, 4, 7), classes, hidden)) == pytest.approx(math.log(7))


def test_classification_is_the_mean_over_hidden_tokens_that_have_a_class():
    classes, hidden = words()
    logits = torch.randn(2, 4, 7)
    asked = [(0, 0), (0, 2), (1, 1)]
    expected = -sum(logits[place].log_softmax(0)[classes[place]] for place in asked) / 3
    assert float(masked_classification(logits, classes, hidden)) == pytest.approx(float(expected), rel=1e-5)
    logits[~hidden] += 100
    logits[0, 3] += 100  # hidden, but without a class
    assert float(masked_classification(logits, classes, hidden)) == pytest.approx(float(expected), rel=1e-5)


def test_latent_prediction_is_square_near_and_linear_far():
    targets, hidden = torch.zeros(1, 2, 1), torch.tensor([[True, False]])
    for distance, expected in ((0.5, 0.5**2 / 2 / 2.0), (5.0, 5.0 - 1.0)):
        assert float(latent_prediction(torch.full((1, 2, 1), distance), targets, hidden, beta=2.0)) == pytest.approx(expected)
    assert float(latent_prediction(torch.full((1, 2, 1), 3.0), targets, hidden)) == pytest.approx(9.0)


def test_nothing_hidden_costs_nothing():
    nothing = torch.zeros(2, 4, dtype=torch.bool)
    assert masked_classification(torch.randn(2, 4, 7), words()[0], nothing) == 0
    assert latent_prediction(torch.randn(2, 4, 3), torch.randn(2, 4, 3), nothing) == 0


def test_shapes_that_do_not_belong_together_are_named():
    classes, hidden = words()
    with pytest.raises(RecipeError, match="logits of"):
        masked_classification(torch.zeros(2, 5, 7), classes, hidden)
    with pytest.raises(RecipeError, match="hidden of"):
        latent_prediction(torch.zeros(2, 4, 3), torch.zeros(2, 4, 3), hidden[:1])


def test_the_cosine_error_is_zero_when_right_one_when_orthogonal_and_blind_to_length():
    values = torch.tensor([[[3.0, 0.0], [0.0, 2.0], [1.0, 1.0], [1.0, 0.0]]])
    hidden = torch.tensor([[True, True, True, False]])
    assert float(masked_cosine(7 * values, values, hidden, 3.0)) == pytest.approx(0, abs=1e-6)
    across = torch.tensor([[[0.0, 1.0], [5.0, 0.0], [1.0, -1.0], [-9.0, 0.0]]])
    assert float(masked_cosine(across, values, hidden, 3.0)) == pytest.approx(1)
    assert float(masked_cosine(-values, values, hidden, 3.0)) == pytest.approx(8)
    turned = torch.tensor([[[1.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]])
    assert float(masked_cosine(turned, values, hidden, 2.0)) == pytest.approx((1 - 0.5**0.5) ** 2, rel=1e-5)
    assert float(masked_cosine(turned, values, torch.zeros_like(hidden), 2.0)) == 0
    with pytest.raises(RecipeError, match="sharpness"):
        masked_cosine(turned, values, hidden, 0.5)
