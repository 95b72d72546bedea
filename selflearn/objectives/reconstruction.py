"""Restoring what was hidden: squared error of numbers, cross-entropy of classes, on the hidden tokens alone."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.checks import check_alike
from selflearn.objectives.precision import full_precision

SHORTEST = 1e-8  # length of a vector below which it has no direction
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


@full_precision
def masked_cosine(predictions: Tensor, values: Tensor, hidden: Tensor, sharpness: float = 1.0) -> Tensor:
    """``mean over hidden tokens of (1 - cos(prediction, value))^sharpness``: the scaled cosine error.

    Parameters
    ----------
    predictions, values : (batch, tokens, values).
    hidden : (batch, tokens) bool, the tokens that count; none gives zero.
    sharpness : >= 1; the larger, the less tokens count that are nearly right.

    Returns
    -------
    Tensor : scalar in [0, 2^sharpness]; 0 where all directions are right, 1 where they are orthogonal. Lengths of either do not
        matter. A token whose values are all zero has no direction: its error is 1, and teaches nothing.

    Source: Hou et al., "GraphMAE: Self-Supervised Masked Graph Autoencoders", 2022.
    """
    check_alike("masked_cosine", predictions, values, axes=3)
    if hidden.shape != values.shape[:2] or sharpness < 1:
        raise RecipeError(
            f"masked_cosine needs hidden of {tuple(values.shape[:2])}, not {tuple(hidden.shape)}, and {sharpness=} >= 1"
        )
    # Chosen first: of a large graph only the hidden nodes' features are worth a product. (By rows, whose gradient is cheap.)
    rows = hidden.flatten().nonzero()[:, 0]
    told, true = (each.flatten(0, 1).index_select(0, rows) for each in (predictions, values))
    # The lengths are divided by after the product, not before, which saves three passes over all numbers.
    lengths = told.norm(dim=1).clamp(min=SHORTEST) * true.norm(dim=1).clamp(min=SHORTEST)
    errors = 1 - (told * true).sum(dim=1) / lengths
    return errors.pow(sharpness).sum() / hidden.sum().clamp(min=1)


@full_precision
def masked_classification(logits: Tensor, classes: Tensor, hidden: Tensor) -> Tensor:
    """``mean over hidden tokens of -log softmax(logits)[class]``: masked language modelling, where tokens are words.

    Parameters
    ----------
    logits : (batch, tokens, classes) what the decoder says of every token.
    classes : (batch, tokens) int64, the class of each token; tokens of class -1 have no part.
    hidden : (batch, tokens) bool, True where the encoder did not see the token; no token hidden gives zero.

    Returns
    -------
    Tensor : scalar, >= 0; log of the number of classes where all logits are equal.

    Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2019.
    """
    if logits.ndim != 3 or classes.shape != logits.shape[:2] or hidden.shape != classes.shape:
        raise RecipeError(
            f"masked_classification needs logits of (batch, tokens, classes), classes and hidden of (batch, tokens), not "
            f"{tuple(logits.shape)}, {tuple(classes.shape)} and {tuple(hidden.shape)}"
        )
    asked = hidden & (classes >= 0)
    # Chosen first: of a large vocabulary only the hidden tokens' logits are worth a softmax.
    losses = F.cross_entropy(logits[asked], classes[asked], reduction="sum")
    return losses / asked.sum().clamp(min=1)


@full_precision
def latent_prediction(predictions: Tensor, targets: Tensor, hidden: Tensor, beta: float = 0.0) -> Tensor:
    """``mean over hidden tokens of mean smooth-L1(prediction - target)``; squared error where ``beta`` is 0.

    Parameters
    ----------
    predictions, targets : (batch, tokens, dim); detach the targets.
    hidden : (batch, tokens) bool, the tokens that count; none gives zero.
    beta : where the error turns from square to linear: ``d^2 / (2 beta)`` below, ``d - beta / 2`` above.

    Returns
    -------
    Tensor : scalar, >= 0; zero where predictions are right, which constant targets make easy: what prevents them is the caller's.

    Source: Baevski et al., "data2vec: A General Framework for Self-supervised Learning in Speech, Vision and Language", 2022.
    """
    check_alike("latent_prediction", predictions, targets, axes=3)
    if hidden.shape != targets.shape[:2] or beta < 0:
        raise RecipeError(
            f"latent_prediction needs hidden of {tuple(targets.shape[:2])}, not {tuple(hidden.shape)}, and {beta=} >= 0"
        )
    asked, wanted = predictions[hidden], targets[hidden]
    errors = F.smooth_l1_loss(asked, wanted, beta=beta, reduction="sum") if beta > 0 else (asked - wanted).square().sum()
    return errors / (hidden.sum() * predictions.shape[2]).clamp(min=1)


@full_precision
def altered_reconstruction(predictions: Tensor, values: Tensor, altered: Tensor) -> Tensor:
    """``mean over altered numbers of |prediction - value|``.

    Parameters
    ----------
    predictions, values : (batch, tokens, numbers) what is said of the tokens, and what they were before they were altered.
    altered : (batch, tokens, numbers) bool, the numbers that count; none gives zero.

    Returns
    -------
    Tensor : scalar, >= 0.

    Source: Liu et al., "TERA: Self-Supervised Learning of Transformer Encoder Representation for Speech", 2021.
    """
    check_alike("altered_reconstruction", predictions, values, axes=3)
    if altered.shape != values.shape:
        raise RecipeError(f"altered_reconstruction needs altered of {tuple(values.shape)}, not {tuple(altered.shape)}")
    return (predictions - values).abs().where(altered, 0.0).sum() / altered.sum().clamp(min=1)
