"""A ring of past vectors, so that a small batch is compared with many samples."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.errors import RecipeError


class Queue(nn.Module):
    """The last `size` vectors that were added, once it is open and full.

    Ranks replicate: what is added must already be the rows of all ranks, in the same order everywhere (`gathered`).

    Parameters
    ----------
    size : how many vectors are kept, >= 1.
    dim : their length.
    opens : share of the budget before which nothing is kept, in [0, 1]: early vectors are not worth comparing with.

    Source: He et al., "Momentum Contrast for Unsupervised Visual Representation Learning", 2020.
    """

    kept: Tensor
    added: Tensor
    open: Tensor

    def __init__(self, size: int, dim: int, opens: float = 0.0) -> None:
        super().__init__()
        if size < 1:
            raise RecipeError(f"a queue keeps at least one vector, not {size}")
        self.opens = opens
        self.register_buffer("kept", torch.zeros(size, dim))
        self.register_buffer("added", torch.tensor(0))
        self.register_buffer("open", torch.tensor(opens <= 0))

    @property
    def size(self) -> int:
        """How many vectors it can keep."""
        return len(self.kept)

    @torch.no_grad()
    def add(self, vectors: Tensor) -> None:
        """Keep these (batch, dim) vectors in place of the oldest, if the queue is open."""
        if not self.open:
            return
        size = len(self.kept)
        rows = vectors.detach().to(self.kept.dtype)[-size:]
        places = (self.added + torch.arange(len(rows), device=rows.device)) % size
        self.kept[places] = rows
        # Counted as far as it matters: where to write next, and whether every place has been written.
        self.added.copy_(torch.where(self.added + len(rows) < size, self.added + len(rows), size + (self.added + len(rows)) % size))

    def vectors(self) -> Tensor:
        """(size, dim) what is kept, in no order that matters; (0, dim) until the queue is full."""
        return self.kept if self.added >= len(self.kept) else self.kept[:0]

    @torch.no_grad()
    def nearest(self, vectors: Tensor) -> Tensor:
        """(batch, dim) that of the kept vectors which points most the way of each of these; itself until the queue is full."""
        kept = self.vectors()
        if not len(kept):
            return vectors.detach()
        with torch.autocast(kept.device.type, enabled=False):  # of bfloat16 cosines several would be the largest
            unit = F.normalize(vectors.detach().to(kept.dtype), dim=1)
            return kept[(unit @ F.normalize(kept, dim=1).T).argmax(1)]

    def follow(self, progress: float) -> None:
        """Tell how much of the budget is used, in [0, 1]."""
        self.open.fill_(progress >= self.opens)
