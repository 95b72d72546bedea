"""InfoNCE over a similarity graph: one function from NT-Xent (edges: views) to supervised contrast (edges: labels)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.checks import check_positive
from selflearn.objectives.graph import SimilarityGraph
from selflearn.objectives.precision import full_precision


@full_precision
def info_nce(queries: Tensor, keys: Tensor, graph: SimilarityGraph, temperature: float = 0.1) -> Tensor:
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

    Returns
    -------
    Tensor : scalar, >= 0. With one positive a row it is log(columns not ignored) at collapse, whatever the temperature;
        with orthogonal aligned pairs among ``n`` candidates it is ``log(1 + (n - 1) exp(-1 / temperature))``.

    Raises
    ------
    RecipeError : the graph does not fit the tensors, or the temperature is not above zero.

    Source: Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020 (NT-Xent: the graph of
    augmentation); Khosla et al., "Supervised Contrastive Learning", 2020 (the graph of labels).
    """
    check_positive("info_nce", temperature=temperature)
    shape = (len(queries), len(keys))
    if queries.ndim != 2 or keys.ndim != 2 or queries.shape[1] != keys.shape[1] or graph.weights.shape != shape:
        raise RecipeError(
            f"info_nce needs (rows, dim), (columns, dim) and a graph (rows, columns), not {tuple(queries.shape)}, "
            f"{tuple(keys.shape)} and {tuple(graph.weights.shape)}"
        )
    similarities = F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T / temperature
    # The lowest finite number in place of -inf: a row whose keys are all ignored then has no NaN in its gradient.
    candidates = similarities.masked_fill(graph.ignored, torch.finfo(similarities.dtype).min)
    weights = graph.weights.to(similarities.dtype).masked_fill(graph.ignored, 0.0)
    degree = weights.sum(1)
    connected = degree > 0
    attraction = (weights * similarities).sum(1) / degree.where(connected, 1.0)
    losses = (candidates.logsumexp(1) - attraction).where(connected, 0.0)
    return losses.sum() / connected.sum().clamp(min=1)
