"""InfoNCE over a similarity graph: one function from NT-Xent (edges: views) to supervised contrast (edges: labels)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from selflearn.errors import RecipeError
from selflearn.objectives.checks import check_positive
from selflearn.objectives.graph import SimilarityGraph
from selflearn.objectives.precision import full_precision

MOST_PAIRS = 1 << 20
"""Pairs that are compared at once. More are compared in parts, which backward compares again: similarities of 8,192 views among
themselves would fill a gigabyte."""


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
    if queries.ndim != 2 or keys.ndim != 2 or queries.shape[1] != keys.shape[1] or graph.shape != shape:
        raise RecipeError(
            f"info_nce needs (rows, dim), (columns, dim) and a graph (rows, columns), not {tuple(queries.shape)}, "
            f"{tuple(keys.shape)} and {graph.shape}"
        )
    queries, keys = F.normalize(queries, dim=1), F.normalize(keys, dim=1)
    rows = max(1, MOST_PAIRS // max(1, len(keys)))
    if len(queries) <= rows:
        total, connected = _of_rows(queries, keys, graph, slice(None), temperature)
        return total / connected.clamp(min=1)
    parts = [slice(first, first + rows) for first in range(0, len(queries), rows)]
    sums = [
        checkpoint(_of_rows, queries, keys, graph, part, temperature, use_reentrant=False, preserve_rng_state=False)
        for part in parts
    ]
    totals, counts = zip(*sums, strict=True)
    return torch.stack(totals).sum() / torch.stack(counts).sum().clamp(min=1)


def _of_rows(queries: Tensor, keys: Tensor, graph: SimilarityGraph, part: slice, temperature: float) -> tuple[Tensor, Tensor]:
    """The sum of losses of some rows of unit length, and how many of them have positives."""
    similarities = queries[part] @ keys.T / temperature
    edges = graph.rows(part)
    ignored = edges.ignored
    # The lowest finite number in place of -inf: a row whose keys are all ignored then has no NaN in its gradient.
    candidates = similarities.masked_fill(ignored, torch.finfo(similarities.dtype).min)
    weights = edges.weights.to(similarities.dtype).masked_fill(ignored, 0.0)
    degree = weights.sum(1)
    connected = degree > 0
    attraction = (weights * similarities).sum(1) / degree.where(connected, 1.0)
    losses = (candidates.logsumexp(1) - attraction).where(connected, 0.0)
    return losses.sum(), connected.sum()
