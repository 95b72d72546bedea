"""Masked reconstruction: only hidden tokens count; normalised targets ignore brightness and contrast."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import masked_reconstruction


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
