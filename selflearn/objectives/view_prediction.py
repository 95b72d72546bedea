"""Every view, small ones too, predicts what the large views have in common: their mean."""

from __future__ import annotations

from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision


@full_precision
def view_prediction(views: Tensor, large: int) -> Tensor:
    """``mean_v mean (z_v - mean_{g < large} z_g)^2`` over views, samples and outputs.

    Parameters
    ----------
    views : (views, batch, dim) embeddings, large views first.
    large : how many of them are large, >= 1.

    Returns
    -------
    Tensor : scalar, >= 0: zero where all views of a sample agree, collapse included. No side is detached.

    Source: Balestriero and LeCun, "LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics", 2025.
    """
    if views.ndim != 3 or not 1 <= large <= len(views):
        raise RecipeError(f"view_prediction needs (views, batch, dim) with 1 to {len(views)} large views, not {large}")
    return (views - views[:large].mean(0)).square().mean()
