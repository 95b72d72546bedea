"""InfoNCE over a similarity graph: one function from NT-Xent (edges: views) to supervised contrast (edges: labels)."""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.objectives.checks import check_positive
from selflearn.objectives.graph import SimilarityGraph
from selflearn.objectives.parts import mean_over_rows
from selflearn.objectives.precision import full_precision


@full_precision
def info_nce(queries: Tensor, keys: Tensor, graph: SimilarityGraph, temperature: float = 0.1, decoupled: bool = False) -> Tensor:
    """Each query must find its positives among all keys.

    With ``s_ij = cos(q_i, k_j) / temperature`` and edge weights ``w_ij`` that sum to one in a row::

        loss = - mean_i sum_j w_ij (s_ij - log sum_{k not ignored} exp s_ik)

    The mean over positives stands outside the logarithm (``L_out`` of Khosla et al., which they find the better one).

    Parameters
    ----------
    queries : (rows, dim) any length; normalised here.
    keys : (columns, dim) any length; normalised here.
    graph : (rows, columns) edges; a row without positives contributes nothing, and a graph without edges gives zero.
    temperature : > 0.
    decoupled : the sum under the logarithm goes over negatives alone. A positive that is found then weakens no gradient, which in
        small batches is most of it. A row without negatives is attracted and not repelled.

    Returns
    -------
    Tensor : scalar, >= 0. With one positive a row it is log(columns not ignored) at collapse, whatever the temperature;
        with orthogonal aligned pairs among ``n`` candidates it is ``log(1 + (n - 1) exp(-1 / temperature))``.
        Decoupled it may be negative: log(negatives) at collapse, ``log(n - 1) - 1 / temperature`` for those pairs.

    Raises
    ------
    RecipeError : the graph does not fit the tensors, or the temperature is not above zero.

    Source: Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020 (NT-Xent: the graph of
    augmentation); Khosla et al., "Supervised Contrastive Learning", 2020 (the graph of labels); Yeh et al., "Decoupled Contrastive
    Learning", 2022.
    """
    check_positive("info_nce", temperature=temperature)

    def of_rows(cosines: Tensor, edges: SimilarityGraph) -> tuple[Tensor, Tensor]:
        return _of_rows(cosines / temperature, edges, decoupled)

    return mean_over_rows("info_nce", of_rows, queries, keys, graph)


def _of_rows(similarities: Tensor, edges: SimilarityGraph, decoupled: bool) -> tuple[Tensor, Tensor]:
    """The sum of losses of some rows, and how many of them have positives."""
    ignored = edges.ignored
    weights = edges.weights.to(similarities.dtype).masked_fill(ignored, 0.0)
    hidden = ignored | (weights > 0) if decoupled else ignored
    # The lowest finite number in place of -inf: a row whose keys are all hidden then has no NaN in its gradient.
    candidates = similarities.masked_fill(hidden, torch.finfo(similarities.dtype).min)
    repulsion = candidates.logsumexp(1).masked_fill(hidden.all(1), 0.0)
    degree = weights.sum(1)
    connected = degree > 0
    attraction = (weights * similarities).sum(1) / degree.where(connected, 1.0)
    losses = (repulsion - attraction).where(connected, 0.0)
    return losses.sum(), connected.sum()
