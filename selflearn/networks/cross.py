"""A decoder whose tokens look at those of another sequence: of another view, or of what was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.networks.features import TokenMask
from selflearn.networks.masks import visible_index
from selflearn.networks.transformer import Block, grid_positions


class CrossBlock(nn.Module):
    """Attention among the tokens, then to the memory, then a two-layer network, each on a normalised input and added.

    Parameters
    ----------
    dim, heads : of tokens and memory alike.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads, self.own = heads, Block(dim, heads)
        self.norm_tokens, self.norm_memory = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
        self.query, self.key_value, self.project = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)

    def forward(self, tokens: Tensor, memory: Tensor, real: Tensor | None, remembered: Tensor | None) -> Tensor:
        """(batch, tokens, dim) and (batch, others, dim) to (batch, tokens, dim); bools say which of each may be attended to."""
        return self.own(tokens + self._look(self.norm_tokens(tokens), self.norm_memory(memory), remembered), real)

    def _look(self, tokens: Tensor, memory: Tensor, remembered: Tensor | None) -> Tensor:
        batch, count, dim = tokens.shape
        query = self.query(tokens).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        key, value = self.key_value(memory).unflatten(-1, (2, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        allowed = None if remembered is None else remembered[:, None, None, :]
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
        return self.project(mixed.transpose(1, 2).reshape(batch, count, dim))


class CrossDecoder(nn.Module):
    """Predicts values of every token from the encoder's tokens of its own view and of a memory.

    Weinzaepfel et al., CroCo: Self-Supervised Pre-training for 3D Vision Tasks by Cross-View Completion, 2022; here the memory is
    looked at before the tokens look at each other.

    Parameters
    ----------
    dim : length of the encoder's tokens.
    grid : the encoder's `token_grid()`, of both sequences.
    width, depth, heads : of the blocks.
    out : values to predict for each token.
    real : the encoder's `token_real`, for views whose samples differ in length.
    """

    positions: Tensor

    def __init__(
        self, dim: int, grid: Sequence[int], width: int, depth: int, heads: int, out: int, real: Callable[[Batch], Tensor]
    ) -> None:
        super().__init__()
        if width % heads:
            raise RecipeError(f"decoder_width = {width} must be a multiple of decoder_heads = {heads}")
        self.real = real
        self.embed = nn.Linear(dim, width)
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.blocks = nn.ModuleList(CrossBlock(width, heads) for _ in range(depth))
        self.norm, self.predict = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, out)
        self.register_buffer("positions", grid_positions(grid, width), persistent=False)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, tokens: Tensor | None, mask: TokenMask, view: Batch, memory: Tensor, seen: Tensor) -> Tensor:
        """(batch, tokens, out).

        Parameters
        ----------
        tokens : what the encoder said of the view, having been given `mask`; None: every token is a mask token with its place.
        mask : what was hidden, and how.
        view : whose tokens are told.
        memory : (batch, others, dim) what the encoder said elsewhere, each token at the place of its number.
        seen : (batch, others) bool, which of these count.
        """
        own = self.mask_token.expand(*mask.hidden.shape, -1)
        if tokens is not None:
            embedded = self.embed(tokens)
            own = self._placed(embedded, own.to(embedded.dtype), mask)
        count = own.shape[1]
        places, most = len(self.positions), max(count, memory.shape[1])
        if most > places:
            raise RecipeError(f"the decoder was made for {places} tokens, not {most}; give it views of one size")
        queries = own + self.positions[:count]
        remembered = self.embed(memory) + self.positions[: memory.shape[1]]
        own_real, others_real = _attended(self.real(view)), _attended(seen)
        for block in self.blocks:
            queries = block(queries, remembered, own_real, others_real)
        told: Tensor = self.predict(self.norm(queries))
        return told

    def _placed(self, embedded: Tensor, whole: Tensor, mask: TokenMask) -> Tensor:
        """Tokens where they belong, mask tokens where tokens were dropped."""
        if mask.how != "drop":
            return embedded + 0.0 * self.mask_token  # so that distributed training finds every parameter used
        place = visible_index(mask.hidden)[..., None].expand(-1, -1, embedded.shape[2])
        return whole.scatter(1, place, embedded)


def _attended(real: Tensor) -> Tensor | None:
    """Which tokens may be attended to: None for all; all of a row in which none counts, for attention to nothing is no number."""
    return None if bool(real.all()) else real | ~real.any(dim=1, keepdim=True)
