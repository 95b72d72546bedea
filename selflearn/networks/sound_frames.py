"""A transformer over log-mel frames: a token is a few frames of all bands. The trunk is that of series, with bands as channels."""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.series.spec import SeriesSpec
from selflearn.data.sound.spec import SoundSpec
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask
from selflearn.networks.series_patches import PatchTransformer
from selflearn.networks.sound_input import LogMel


class FrameTransformer(Encoder):
    """A pre-norm transformer over frames.

    Parameters
    ----------
    spec : of the sound.
    width, depth, heads : length of a token, number of blocks, attention heads in each.
    patch : frames of a token.
    bands : mel bands; 0 decides by the rate.
    causal : each token knows of itself and those before it alone. (A recording's own mean in each band is still taken off.)
    """

    def __init__(self, spec: SoundSpec, width: int, depth: int, heads: int, patch: int, bands: int, causal: bool = False) -> None:
        super().__init__()
        self.spec, self.dim = spec, width
        self.settings = dict(width=width, depth=depth, heads=heads, patch=patch, bands=bands, causal=causal)
        self.input = LogMel(spec, bands)
        names = tuple(f"band {number}" for number in range(spec.channels * self.input.mel.bands))
        frames = max(2, self.input.mel.frames(spec.length))
        inner = SeriesSpec(channels=names, length=frames, varies=spec.varies, mean=(0.0,) * len(names), std=(1.0,) * len(names))
        self.trunk = PatchTransformer(inner, width, depth, heads, patch, independent=False, instance=False, causal=causal)
        self.capabilities = self.trunk.capabilities

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        return self.trunk(self._frames(batch), mask, layers)

    def token_grid(self) -> tuple[int, ...]:
        return self.trunk.token_grid()

    def token_real(self, batch: Batch) -> Tensor:
        """(batch, tokens) bool: a token is real where any of its frames begins within the recording."""
        return self.trunk.token_real(self._frames(batch))

    def token_places(self, batch: Batch, tokens: int) -> Tensor:
        """(batch, tokens, 1) along time: the middle of each token's first to last frame."""
        mel, length = self.input.mel, batch.values.shape[2]
        first = torch.arange(tokens, device=batch.device) * self.trunk.patch * mel.hop
        last = first + (self.trunk.patch - 1) * mel.hop + mel.window
        middles = ((first + last) / (2 * length)).clamp(max=1.0)
        return middles[:, None].expand(len(batch), -1, -1)

    def token_content(self, batch: Batch) -> TokenContent:
        return self.trunk.token_content(self._frames(batch))

    def content_size(self) -> tuple[int, int]:
        return self.trunk.content_size()

    def _frames(self, batch: Batch) -> Batch:
        """The log-mel frames as a series, (batch, bands, frames)."""
        frames, real = self.input(batch)
        lengths = None if real is None else real.sum(dim=1)
        return Batch(frames.flatten(1, 2), batch.index, batch.labels, lengths=lengths, mask=real)
