"""The transformer block that every sequence network shares, and sine-cosine positions for grids of any rank and size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.errors import RecipeError


class Block(nn.Module):
    """Attention, then a two-layer network, each on a normalised input and added to what came in (pre-norm).

    Dosovitskiy et al., An Image is Worth 16x16 Words, 2021.

    Parameters
    ----------
    dim : length of each token.
    heads : attention heads; must divide `dim`.
    ratio : width of the inner layer, as a multiple of `dim`.
    dropout : share of what is added that is left out while training.
    """

    def __init__(self, dim: int, heads: int, ratio: float = 4.0, dropout: float = 0.0) -> None:
        super().__init__()
        if dim % heads:
            raise RecipeError(
                f"{heads} attention heads do not divide a width of {dim}; choose a width that is a multiple of the heads"
            )
        self.heads, self.drop = heads, nn.Dropout(dropout)
        inner = int(dim * ratio)
        self.norm_attention, self.norm_inner = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.query_key_value, self.project = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.widen, self.narrow = nn.Linear(dim, inner), nn.Linear(inner, dim)

    def forward(self, tokens: Tensor, real: Tensor | None = None, context: int | None = None, causal: bool = False) -> Tensor:
        """(batch, tokens, dim) to the same. `real`, (batch, tokens) bool, is True where a token may be attended to.

        With `context`, only the first so many tokens are attended to, and `real` is about these. If `causal`, each token attends to
        itself and those before it.
        """
        tokens = tokens + self.drop(self._attend(self.norm_attention(tokens), real, context, causal))
        return tokens + self.drop(self.narrow(F.gelu(self.widen(self.norm_inner(tokens)))))

    def _attend(self, tokens: Tensor, real: Tensor | None, context: int | None, causal: bool) -> Tensor:
        batch, count, dim = tokens.shape
        split = self.query_key_value(tokens).reshape(batch, count, 3, self.heads, dim // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        allowed = None if real is None else real[:, None, None, :]
        if causal:
            before = torch.ones(count, count, dtype=torch.bool, device=tokens.device).tril()
            itself = torch.eye(count, dtype=torch.bool, device=tokens.device)  # so that padding, too, has what to attend to
            allowed = before if allowed is None else before & (allowed | itself)
        mixed = F.scaled_dot_product_attention(query, key[:, :, :context], value[:, :, :context], attn_mask=allowed)
        return self.project(mixed.transpose(1, 2).reshape(batch, count, dim))


class Transformer(nn.Module):
    """Blocks in a row, then a norm.

    Parameters
    ----------
    dim, heads, ratio, dropout : of each `Block`.
    depth : number of blocks.
    causal : each token attends to itself and those before it, and to none after it.
    """

    def __init__(self, dim: int, depth: int, heads: int, ratio: float = 4.0, dropout: float = 0.0, causal: bool = False) -> None:
        super().__init__()
        self.causal = causal
        self.blocks = nn.ModuleList(Block(dim, heads, ratio, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.apply(_initialise)

    def forward(self, tokens: Tensor, real: Tensor | None = None, context: int | None = None) -> tuple[Tensor, list[Tensor]]:
        """(batch, tokens, dim) to the normalised output of the last block, and every block's own output."""
        outputs = []
        for block in self.blocks:
            tokens = block(tokens, real, context, self.causal)
            outputs.append(tokens)
        return self.norm(tokens), outputs


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


def grid_positions(
    grid: Sequence[int], dim: int, native: Sequence[int] | None = None, device: torch.device | str = "cpu"
) -> Tensor:
    """Sine-cosine positions of the cells of a grid, in row-major order: (cells, dim) float32.

    Each axis gets an equal share of `dim`, half sines and half cosines of the coordinate at wavelengths from 2 pi to
    20,000 pi (Vaswani et al., Attention Is All You Need, 2017; by axis as in He et al., Masked Autoencoders Are Scalable
    Vision Learners, 2022). What does not divide is left zero. Their mean over the native grid is taken off: on a small grid the
    long waves hardly move, and one vector common to all cells would drown what tells them apart.

    Parameters
    ----------
    grid : cells along each axis.
    dim : length of a position; at least twice the number of axes.
    native : the grid whose extent the coordinates span. Another `grid` of the same extent is sampled at the centres of its
        own cells, so positions follow the content when a view is larger or smaller.
    device : where the positions are wanted.
    """
    share = dim // (2 * len(grid))
    if share < 1:
        raise RecipeError(f"positions on {len(grid)} axes need a width of at least {2 * len(grid)}, not {dim}")
    rates = 10_000.0 ** -(torch.arange(share, device=device) / share)
    parts = []
    for cells, extent in zip(grid, native or grid, strict=True):
        centres = (torch.arange(cells, device=device) + 0.5) * (extent / cells) - 0.5
        common = _waves(torch.arange(extent, device=device), rates).mean(0)
        parts.append(_waves(centres, rates) - common)
    cells_of_axes = torch.meshgrid(*(torch.arange(cells, device=device) for cells in grid), indexing="ij")
    positions = torch.cat([part[index.reshape(-1)] for part, index in zip(parts, cells_of_axes, strict=True)], dim=1)
    return F.pad(positions, (0, dim - positions.shape[1]))


def _waves(coordinates: Tensor, rates: Tensor) -> Tensor:
    angles = coordinates[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
