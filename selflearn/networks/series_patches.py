"""Transformers over patches of series.

Nie et al., "A Time Series is Worth 64 Words: Long-term Forecasting with Transformers" (PatchTST), 2023: patches as tokens, channels
each on their own with the same weights, series normalised one by one. Where channels belong together (the axes of a sensor), a
token may instead hold the patch of all of them.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.series.spec import SeriesSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask
from selflearn.networks.masks import visible_index
from selflearn.networks.series_input import normalised
from selflearn.networks.transformer import Transformer, grid_positions

Pool = Literal["mean", "class"]
TOKENS = 24
"""Tokens of a series where nobody chose a patch."""


class PatchTransformer(Encoder):
    """A pre-norm transformer over patches of time.

    Parameters
    ----------
    spec : of the series.
    width, depth, heads : length of a token, number of blocks, attention heads in each.
    patch : steps of a patch; 0 makes about 24 patches of the longest series. What is left at the end is filled with zeros.
    independent : channels are encoded each on their own, with the same weights; else a token holds a patch of all channels.
    instance : each channel of each series is brought to its own mean 0 and deviation 1.
    dropout : share of each token vector, and of what each block adds to it, that is left out while training.
    pool : `Features.pooled` is the "mean" of the tokens, or a "class" token of its own that attends to them (of independent
        channels, the mean of theirs).
    causal : each token knows of itself and those before it alone, in learning and in use.
    """

    positions: Tensor

    def __init__(
        self,
        spec: SeriesSpec,
        width: int,
        depth: int,
        heads: int,
        patch: int,
        independent: bool,
        instance: bool,
        dropout: float = 0.0,
        pool: Pool = "mean",
        causal: bool = False,
    ) -> None:
        super().__init__()
        if causal and (independent or pool == "class"):
            raise RecipeError("causal tokens need one order and no class token before them: independent=false, pool=mean")
        self.spec, self.dim, self.independent, self.instance, self.pool = spec, width, independent, instance, pool
        self.settings = dict(
            width=width,
            depth=depth,
            heads=heads,
            patch=patch,
            independent=independent,
            instance=instance,
            dropout=dropout,
            pool=pool,
            causal=causal,
        )
        self.patch = min(patch or max(1, round(spec.length / TOKENS)), spec.length)
        self.channels = len(spec.channels)
        self.count = -(-spec.length // self.patch)
        able = {
            "tokens",
            "mask-replace",
            "mask-show",
            "layers",
            "any-size",
            "places",
            *(["dropout"] if dropout else []),
            *(["causal"] if causal else []),
        }
        self.capabilities = frozenset(able if independent or spec.varies else {*able, "mask-drop"})
        self.embed = nn.Linear(self.patch * (1 if independent else self.channels), width)
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.class_token = nn.Parameter(0.02 * torch.randn(1, 1, width)) if pool == "class" else None
        self.transformer = Transformer(width, depth, heads, dropout=dropout, causal=causal)
        self.drop = nn.Dropout(dropout)
        self.register_buffer("positions", grid_positions((self.count,), width), persistent=False)
        nn.init.xavier_uniform_(self.embed.weight)
        nn.init.zeros_(self.embed.bias)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        patches, real = self._patches(batch), None if batch.mask is None else self.token_real(batch)
        self._check(mask, patches)
        tokens = self.drop(self._embed(patches, mask))
        attended = real
        if self.independent:
            tokens = tokens.unflatten(1, (self.channels, -1)).flatten(0, 1)
            attended = None if real is None else real.unflatten(1, (self.channels, -1)).flatten(0, 1)
        first = 0 if self.class_token is None else 1
        if self.class_token is not None:
            tokens = torch.cat([self.class_token.to(tokens.dtype).expand(len(tokens), -1, -1), tokens], dim=1)
            attended = None if attended is None else nn.functional.pad(attended, (1, 0), value=True)
        whole, outputs = self.transformer(tokens, attended)
        output = self._together(whole[:, first:])
        if self.class_token is not None:
            pooled = whole[:, 0].unflatten(0, (len(batch), -1)).mean(dim=1)
        elif real is None:
            pooled = output.mean(dim=1)
        else:
            pooled = (output * real[..., None]).sum(1) / real.sum(1, keepdim=True).clamp(min=1)
        return Features(pooled, output, tuple(self._together(each[:, first:]) for each in outputs) if layers else (), real)

    def token_grid(self) -> tuple[int, ...]:
        return (self.channels, self.count) if self.independent else (self.count,)

    def token_real(self, batch: Batch) -> Tensor:
        """(batch, tokens) bool: a patch is real where any of its steps is."""
        count = -(-batch.values.shape[2] // self.patch)
        repeated = self.channels if self.independent else 1
        if batch.mask is None:
            return torch.ones(len(batch), repeated * count, dtype=torch.bool, device=batch.device)
        padded = nn.functional.pad(batch.mask, (0, count * self.patch - batch.mask.shape[1]))
        return padded.unflatten(1, (count, self.patch)).any(dim=2).repeat(1, repeated)

    def token_places(self, batch: Batch, tokens: int) -> Tensor:
        """(batch, tokens, 1) along time; of channels on their own, (batch, tokens, 2): which channel, and where in time."""
        length = batch.values.shape[2]
        count = -(-length // self.patch)
        middles = ((torch.arange(count, device=batch.device) + 0.5) * self.patch / length).clamp(max=1.0)
        if not self.independent:
            return middles[:, None].expand(len(batch), -1, -1)
        channels = torch.arange(self.channels, dtype=torch.float32, device=batch.device)
        return torch.cartesian_prod(channels, middles).expand(len(batch), -1, -1)

    def token_content(self, batch: Batch) -> TokenContent:
        return TokenContent(self._patches(batch))

    def content_size(self) -> tuple[int, int]:
        return self.embed.in_features, 0

    def _patches(self, batch: Batch) -> Tensor:
        """(batch, tokens, numbers)."""
        values = batch.values
        if self.instance:
            values = normalised(values, None if batch.mask is None else batch.mask[:, None].to(values.dtype))
            values = values if batch.mask is None else values * batch.mask[:, None]
        count = -(-values.shape[2] // self.patch)
        cut = nn.functional.pad(values, (0, count * self.patch - values.shape[2])).unflatten(2, (count, self.patch))
        return cut.flatten(1, 2) if self.independent else cut.transpose(1, 2).flatten(2)

    def _embed(self, patches: Tensor, mask: TokenMask | None) -> Tensor:
        count = patches.shape[1] // (self.channels if self.independent else 1)
        positions = self._positions(count)
        positions = positions.repeat(self.channels, 1) if self.independent else positions
        if mask is not None and mask.how == "show" and mask.shown is not None:
            return self.embed(mask.shown.to(patches.dtype)) + positions + 0.0 * self.mask_token
        if mask is None or mask.how == "replace":
            tokens = self.embed(patches)
            # The mask token takes part with weight zero, so that distributed training finds every parameter used.
            tokens = (
                tokens + 0.0 * self.mask_token if mask is None else torch.where(mask.hidden[..., None], self.mask_token, tokens)
            )
            return tokens + positions
        keep = visible_index(mask.hidden)
        tokens = self.embed(patches.gather(1, keep[..., None].expand(-1, -1, patches.shape[2])))
        return tokens + 0.0 * self.mask_token + positions[keep]

    def _positions(self, count: int) -> Tensor:
        """Views of other lengths are placed as if they began with the series; longer ones go on counting."""
        if count <= self.count:
            return self.positions[:count]
        longer = grid_positions((count,), self.dim, device=self.embed.weight.device)
        return longer + (self.positions[0] - longer[0])  # each grid's mean is taken off: here the native one's

    def _together(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(0, (-1, self.channels)).flatten(1, 2) if self.independent else tokens

    def _check(self, mask: TokenMask | None, patches: Tensor) -> None:
        if mask is None:
            return
        if f"mask-{mask.how}" not in self.capabilities:
            raise RecipeError(
                f"how = {mask.how!r} of a token mask: this encoder of series can {', '.join(sorted(self.capabilities))}"
            )
        if mask.how == "show" and (mask.shown is None or mask.shown.shape != patches.shape):
            got = None if mask.shown is None else tuple(mask.shown.shape)
            raise RecipeError(f"what is shown instead of tokens must be of their shape {tuple(patches.shape)}, not {got}")
        if mask.hidden.shape != patches.shape[:2]:
            raise RecipeError(
                f"a token mask of shape {tuple(mask.hidden.shape)} does not fit tokens of shape {tuple(patches.shape[:2])}"
            )
