"""Decoders: from what an encoder saw to values for every token."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.networks.features import TokenMask
from selflearn.networks.masks import visible_index
from selflearn.networks.transformer import Transformer, grid_positions


class TokenDecoder(nn.Module):
    """A small transformer that predicts every token's values from the visible ones.

    Mask tokens are put where tokens were dropped, positions are added, and a linear layer reads the values off
    (He et al., Masked Autoencoders Are Scalable Vision Learners, 2022).

    Parameters
    ----------
    dim : length of the encoder's tokens.
    grid : the encoder's `token_grid()`.
    width, depth, heads : of the decoder's own transformer.
    out : values to predict for each token: the sum of the encoder's `content_size`.
    real : the encoder's `token_real`, for views whose samples differ in length; None where none do.
    """

    positions: Tensor

    def __init__(
        self,
        dim: int,
        grid: Sequence[int],
        width: int,
        depth: int,
        heads: int,
        out: int,
        real: Callable[[Batch], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.real = real
        self.embed = nn.Linear(dim, width)
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.transformer = Transformer(width, depth, heads)
        self.predict = nn.Linear(width, out)
        self.register_buffer("positions", grid_positions(grid, width), persistent=False)
        for layer in (self.embed, self.predict):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor, mask: TokenMask, batch: Batch | None = None) -> Tensor:
        """The encoder's tokens and the mask it was given, to predictions of (batch, tokens, out).

        Parameters
        ----------
        tokens : (batch, visible, dim) where the mask dropped tokens; (batch, tokens, dim) where it replaced them.
        mask : the same mask.
        batch : the view, where its samples may differ in length.
        """
        embedded = self.embed(tokens)
        if mask.how == "drop":
            place = visible_index(mask.hidden)[..., None].expand(-1, -1, embedded.shape[2])
            whole = self.mask_token.to(embedded.dtype).expand(*mask.hidden.shape, -1)
            embedded = whole.scatter(1, place, embedded) if place.shape == embedded.shape else embedded
        else:
            embedded = embedded + 0.0 * self.mask_token  # so that distributed training finds every parameter used
        padded = self.real is not None and embedded.shape[1] < len(self.positions)
        if embedded.shape[1] != len(self.positions) and not padded:
            raise RecipeError(
                f"the decoder was made for {len(self.positions)} tokens, but {tuple(tokens.shape)} tokens came with a mask of "
                f"{tuple(mask.hidden.shape)}; give it the mask that the encoder was given"
            )
        real = None if self.real is None or batch is None else self.real(batch)
        real = None if real is None or bool(real.all()) else real
        decoded, _ = self.transformer(embedded + self.positions[: embedded.shape[1]], real)
        return self.predict(decoded)


class LinearDecoder(nn.Module):
    """Each token's values read off by one linear layer: all the work of restoring is the encoder's.

    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022; so does PatchTST (Nie et al., 2023).

    Parameters
    ----------
    dim : length of the encoder's tokens.
    out : values to predict for each token.
    """

    def __init__(self, dim: int, out: int) -> None:
        super().__init__()
        self.predict = nn.Linear(dim, out)

    def forward(self, tokens: Tensor, mask: TokenMask, batch: Batch | None = None) -> Tensor:
        """(batch, tokens, dim) of an encoder that replaced hidden tokens, to predictions of (batch, tokens, out)."""
        if mask.how == "drop":
            raise RecipeError("a linear decoder cannot restore tokens that were dropped: hide them with how='replace'")
        predictions: Tensor = self.predict(tokens)
        return predictions
