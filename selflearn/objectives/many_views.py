"""Contrast of any number of views at once: one term a sample holds all pairs of its views.

Koromilas et al., "A Principled Framework for Multi-View Contrastive Learning", 2025. A sum of losses over pairs asks each view for
several things at a time, which conflict; here they stand in one logarithm.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.checks import check_positive
from selflearn.objectives.graph import SimilarityGraph
from selflearn.objectives.precision import full_precision


@full_precision
def mv_info_nce(views: Tensor, temperature: float = 0.2, graph: SimilarityGraph | None = None) -> Tensor:
    """MV-InfoNCE, with ``s(l i, m j) = cos(z_li, z_mj) / temperature``::

        loss = mean_i - log ( sum_{l, m != l} exp s(l i, m i)  /  sum_l sum_{(m, j) != (l, i)} exp s(l i, m j) )

    Parameters
    ----------
    views : (views, batch, dim) embeddings, any length; normalised here. At least two views.
    temperature : > 0.
    graph : (batch, batch) edges between samples whose views are positives too (label, group), by weight. A sample's own views
        always are, whatever the graph ignores.

    Returns
    -------
    Tensor : scalar, >= 0. Without a graph it is log((V n - 1) / (V - 1)) at collapse of V views of n samples; with two views of
        samples that are orthogonal and aligned, log(1 + (2 n - 2) exp(-1 / temperature)), as NT-Xent.
    """
    same = _same("mv_info_nce", views, temperature, graph)
    count, batch, _ = views.shape
    rows = F.normalize(views.flatten(0, 1), dim=1)
    itself = torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    scores = (rows @ rows.T / temperature).masked_fill(itself, -torch.inf)
    positives = scores + same.log().repeat(count, count)

    def of_samples(pairs: Tensor) -> Tensor:
        return pairs.logsumexp(dim=1).unflatten(0, (count, batch)).logsumexp(dim=0)

    return (of_samples(scores) - of_samples(positives)).mean()


@full_precision
def mv_dhel(views: Tensor, temperature: float = 0.2, graph: SimilarityGraph | None = None) -> Tensor:
    """MV-DHEL: alignment across views, spread within each view, decoupled::

        loss = mean_i [ - log sum_{l < m} exp s(l i, m i)  +  sum_l log sum_{j != i} exp s(l i, l j) ]

    Parameters
    ----------
    views, temperature, graph : as in `mv_info_nce`; of each pair of edges of the graph one counts, and what is a positive is no
        negative.

    Returns
    -------
    Tensor : scalar. Without a graph, at collapse of V views of n samples:
        ``(V - 1) / temperature - log(V (V - 1) / 2) + V log(n - 1)``.
    """
    same = _same("mv_dhel", views, temperature, graph)
    count = len(views)
    rows = F.normalize(views, dim=2)
    scores = torch.einsum("lid,mjd->lmij", rows, rows) / temperature
    across = torch.triu(torch.ones(count, count, dtype=torch.bool, device=rows.device), diagonal=1)
    aligned = (scores[across] + same.log()).movedim(1, 0).flatten(1).logsumexp(dim=1)
    within = scores.diagonal(dim1=0, dim2=1).movedim(2, 0).masked_fill(same > 0, -torch.inf)
    alone = (same > 0).all(dim=1)  # a sample that all others are like has nothing to be pushed from
    spread = within.masked_fill(alone[:, None], 0.0).logsumexp(dim=2).masked_fill(alone, 0.0).sum(dim=0)
    return (spread - aligned).mean()


def _same(name: str, views: Tensor, temperature: float, graph: SimilarityGraph | None) -> Tensor:
    """(batch, batch) weights of positives, 1 on the diagonal."""
    check_positive(name, temperature=temperature)
    if views.ndim != 3 or len(views) < 2 or views.shape[1] < 2:
        raise RecipeError(f"{name} needs (views, batch, dim) of at least two views of two samples, not {tuple(views.shape)}")
    batch = views.shape[1]
    itself = torch.eye(batch, dtype=views.dtype, device=views.device)
    if graph is None:
        return itself
    if graph.shape != (batch, batch):
        raise RecipeError(f"{name} needs a graph of ({batch}, {batch}) among samples, not {graph.shape}")
    return torch.maximum(itself, graph.weights.to(views.dtype).masked_fill(graph.ignored, 0.0))
