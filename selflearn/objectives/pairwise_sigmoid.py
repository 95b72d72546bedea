"""The pairwise sigmoid: every pair is asked by itself whether it belongs together, so that no row looks at the whole batch."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from selflearn.objectives.graph import SimilarityGraph
from selflearn.objectives.parts import mean_over_rows
from selflearn.objectives.precision import full_precision


@full_precision
def pairwise_sigmoid(
    queries: Tensor, keys: Tensor, graph: SimilarityGraph, scale: Tensor | float = 10.0, bias: Tensor | float = -10.0
) -> Tensor:
    """A logistic regression of edges on cosines. With ``l_ij = scale cos(q_i, k_j) + bias``::

        loss = - mean_i ( sum_{j positive} w_ij log sigmoid(l_ij) + sum_{j negative} log sigmoid(-l_ij) )

    Parameters
    ----------
    queries, keys : (rows, dim) and (columns, dim), any length; normalised here.
    graph : (rows, columns) positives by weight; every other pair that is not ignored is a negative.
    scale, bias : numbers or tensors of one element, which may learn. A bias far below zero says from the start that most pairs do
        not belong together; the authors begin with 10 and -10.

    Returns
    -------
    Tensor : scalar, >= 0. At collapse ``softplus(-(scale + bias)) + n softplus(scale + bias)`` for one positive and n negatives a
        row; without edges every pair is a negative.

    Raises
    ------
    RecipeError : the graph does not fit the tensors.

    Source: Zhai et al., "Sigmoid Loss for Language Image Pre-Training", 2023.
    """

    def of_rows(cosines: Tensor, edges: SimilarityGraph) -> tuple[Tensor, Tensor]:
        logits = scale * cosines + bias
        ignored = edges.ignored
        weights = edges.weights.to(logits.dtype).masked_fill(ignored, 0.0)
        apart = (~ignored & (weights == 0)).to(logits.dtype)
        losses = weights * F.softplus(-logits) + apart * F.softplus(logits)
        return losses.sum(), losses.new_tensor(len(losses))

    return mean_over_rows("pairwise_sigmoid", of_rows, queries, keys, graph)
