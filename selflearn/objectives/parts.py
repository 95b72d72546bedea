"""Comparing all rows with all columns, some rows at a time where the pairs are many: what contrasts have in common."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from selflearn.errors import RecipeError
from selflearn.objectives.graph import SimilarityGraph

MOST_PAIRS = 1 << 20
"""Pairs that are compared at once. More are compared in parts, which backward compares again: similarities of 8,192 views among
themselves would fill a gigabyte."""

OfRows = Callable[[Tensor, SimilarityGraph], tuple[Tensor, Tensor]]


def mean_over_rows(name: str, of_rows: OfRows, queries: Tensor, keys: Tensor, graph: SimilarityGraph) -> Tensor:
    """The mean loss of the rows that count.

    Parameters
    ----------
    name : of the objective, for what is refused.
    of_rows : from the cosines of some rows with all columns, and the edges of these rows, to the sum of their losses and how many
        of them count.
    queries, keys : (rows, dim) and (columns, dim), any length; normalised here.
    graph : (rows, columns).

    Raises
    ------
    RecipeError : the graph does not fit the tensors.
    """
    shape = (len(queries), len(keys))
    if queries.ndim != 2 or keys.ndim != 2 or queries.shape[1] != keys.shape[1] or graph.shape != shape:
        raise RecipeError(
            f"{name} needs (rows, dim), (columns, dim) and a graph (rows, columns), not {tuple(queries.shape)}, "
            f"{tuple(keys.shape)} and {graph.shape}"
        )
    queries, keys = F.normalize(queries, dim=1), F.normalize(keys, dim=1)

    def of_part(queries: Tensor, keys: Tensor, part: slice) -> tuple[Tensor, Tensor]:
        return of_rows(queries[part] @ keys.T, graph.rows(part))

    rows = max(1, MOST_PAIRS // max(1, len(keys)))
    if len(queries) <= rows:
        total, counted = of_part(queries, keys, slice(None))
        return total / counted.clamp(min=1)
    parts = [slice(first, first + rows) for first in range(0, len(queries), rows)]
    sums = [checkpoint(of_part, queries, keys, part, use_reentrant=False, preserve_rng_state=False) for part in parts]
    totals, counts = zip(*sums, strict=True)
    return torch.stack(totals).sum() / torch.stack(counts).sum().clamp(min=1)
