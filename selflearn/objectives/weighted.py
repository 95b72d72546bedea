"""Contrast whose positives and negatives have weights: how much each of them is worth is said by whoever draws the edges."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.checks import check_positive
from selflearn.objectives.graph import SimilarityGraph
from selflearn.objectives.precision import full_precision


@full_precision
def weighted_contrast(queries: Tensor, keys: Tensor, graph: SimilarityGraph, repulsion: Tensor, temperature: float = 0.1) -> Tensor:
    """Each query finds its positives, all of them in one term, among negatives of different weight.

    With ``e_ij = exp(cos(q_i, k_j) / temperature)``, edge weights ``w`` and the weights ``v`` of negatives::

        loss = - mean_i log ( sum_j w_ij e_ij / sum_j (w_ij + v_ij) e_ij )

    Parameters
    ----------
    queries, keys : (rows, dim) and (columns, dim), any length; normalised here.
    graph : (rows, columns) positives by weight; a row without any contributes nothing, and a graph without edges gives zero.
    repulsion : (rows, columns) weights of negatives, >= 0; where the graph ignores a pair they do not count.
    temperature : > 0.

    Returns
    -------
    Tensor : scalar, >= 0; 0 where nothing repels. At collapse it is ``mean_i log(1 + sum_j v_ij / sum_j w_ij)``, whatever the
        temperature. With one positive a row and every other pair of weight 1 it is `info_nce`.

    Raises
    ------
    RecipeError : shapes do not belong together, or the temperature is not above zero.

    Source: Jain et al., "ColloSSL: Collaborative Self-Supervised Learning for Human Activity Recognition", 2022 (the multi-view
    contrastive loss).
    """
    check_positive("weighted_contrast", temperature=temperature)
    shape = (len(queries), len(keys))
    if queries.ndim != 2 or keys.ndim != 2 or graph.shape != shape or repulsion.shape != shape:
        raise RecipeError(
            f"weighted_contrast needs (rows, dim), (columns, dim), a graph and weights (rows, columns), not "
            f"{tuple(queries.shape)}, {tuple(keys.shape)}, {graph.shape} and {tuple(repulsion.shape)}"
        )
    similarities = F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T / temperature
    positives = graph.weights.to(similarities.dtype).masked_fill(graph.ignored, 0.0)
    every = positives + repulsion.to(similarities.dtype).masked_fill(graph.ignored, 0.0)
    alone = positives.sum(1) == 0  # such a row asks for nothing; logarithms of its zeros would give gradients that are no numbers
    attraction = (similarities + positives.log()).masked_fill(alone[:, None], 0.0).logsumexp(1)
    candidates = (similarities + every.log()).masked_fill(alone[:, None], 0.0).logsumexp(1)
    return (candidates - attraction).masked_fill(alone, 0.0).sum() / (~alone).sum().clamp(min=1)
