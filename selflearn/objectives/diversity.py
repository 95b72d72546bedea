"""Diversity: all entries of a codebook are to be used alike."""

from __future__ import annotations

from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision

SMALLEST = 1e-7  # the authors' addition to a probability before its logarithm


@full_precision
def code_diversity(shares: Tensor) -> Tensor:
    """``1 - (1 / groups) sum_g exp(H(p_g)) / entries``: how many of a codebook's entries stand idle, as a share.

    Parameters
    ----------
    shares : (groups, entries) mean probability of each entry over everything that was coded; rows sum to one.

    Returns
    -------
    Tensor : scalar: 0 where all entries are used alike, ``1 - 1 / entries`` where each group uses one.

    Source: Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", 2020, in the form of
    the authors' code (perplexities; the paper writes the entropy).
    """
    if shares.ndim != 2:
        raise RecipeError(f"code_diversity needs shares of (groups, entries), not {tuple(shares.shape)}")
    perplexities = (-(shares * (shares + SMALLEST).log()).sum(dim=1)).exp()
    return 1 - perplexities.mean() / shares.shape[1]
