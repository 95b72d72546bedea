"""Restoring what was hidden: squared error on the hidden tokens alone."""

from __future__ import annotations

from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.checks import check_alike
from selflearn.objectives.precision import full_precision

EPSILON = 1e-6  # added to a token's variance, the authors' value: an even token stays finite


@full_precision
def masked_reconstruction(predictions: Tensor, values: Tensor, hidden: Tensor, normalised: bool = False) -> Tensor:
    """``mean over hidden tokens of mean (prediction - value)^2``.

    Parameters
    ----------
    predictions : (batch, tokens, values) what the decoder says of every token.
    values : (batch, tokens, values) what the tokens are.
    hidden : (batch, tokens) bool, True where the encoder did not see the token; no token hidden gives zero.
    normalised : each token's values are first brought to mean 0 and (unbiased) variance 1, so that texture counts, not brightness.

    Returns
    -------
    Tensor : scalar, >= 0; visible tokens have no part in it.

    Source: He et al., "Masked Autoencoders Are Scalable Vision Learners", 2022.
    """
    check_alike("masked_reconstruction", predictions, values, axes=3)
    if hidden.shape != values.shape[:2]:
        raise RecipeError(f"masked_reconstruction needs hidden of {tuple(values.shape[:2])}, not {tuple(hidden.shape)}")
    if normalised:
        values = (values - values.mean(-1, keepdim=True)) / (values.var(-1, keepdim=True) + EPSILON).sqrt()
    errors = (predictions - values).square().mean(-1)
    return errors.where(hidden, 0.0).sum() / hidden.sum().clamp(min=1)
