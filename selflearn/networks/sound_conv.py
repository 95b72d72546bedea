"""Convolutions over sound: in two dimensions over log-mel frames, or in one over the waveform; then pooling over time.

Padding is 0 before each convolution, so that none leaks into a recording and its features do not depend on the batch it came in.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.sound.spec import SoundSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenMask
from selflearn.networks.pooling import Pool, kept, over_parts, pooled_size
from selflearn.networks.sound_input import LogMel, at_one_level, lengths_of, precise


class Stage(nn.Module):
    """A convolution that may stride, then a residual block of two; each with batch norm.

    Parameters
    ----------
    inputs, outputs : channels.
    stride : over time, or over (bands, time).
    axes : 1 for waveforms, 2 for (bands, time).
    """

    def __init__(self, inputs: int, outputs: int, stride: int | tuple[int, int], axes: int) -> None:
        super().__init__()
        conv: type[nn.Conv1d] | type[nn.Conv2d] = nn.Conv1d if axes == 1 else nn.Conv2d
        norm: type[nn.BatchNorm1d] | type[nn.BatchNorm2d] = nn.BatchNorm1d if axes == 1 else nn.BatchNorm2d
        self.stride = stride if isinstance(stride, int) else stride[-1]
        self.widen = conv(inputs, outputs, 3, stride, 1, bias=False)  # type: ignore[arg-type]
        self.first, self.second = (conv(outputs, outputs, 3, padding=1, bias=False) for _ in range(2))
        self.norms = nn.ModuleList(norm(outputs) for _ in range(3))

    def forward(self, maps: Tensor, real: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Maps whose last axis is time, and (batch, steps) which of it are real; the same, after this stage."""

        def known(values: Tensor) -> Tensor:
            if real is None:
                return values
            return kept(values, real[:, None] if values.ndim == 3 else real[:, None, None])

        maps = F.relu(self.norms[0](self.widen(known(maps))), inplace=True)
        real = None if real is None else real[:, :: self.stride]
        hidden = F.relu(self.norms[1](self.first(known(maps))), inplace=True)
        # The norm needs its output no more: adding in place is exact, and a little faster.
        return F.relu(self.norms[2](self.second(known(hidden))).add_(maps), inplace=True), real


class SpectrogramNet(Encoder):
    """Residual convolutions over (bands, frames); what is left of the bands is mixed, and time is pooled.

    Parameters
    ----------
    spec : of the sound.
    width : channels of the first stage; each of the two others has twice as many as the one before.
    out : channels before pooling.
    bands : mel bands; 0 decides by the rate.
    pool, parts : over time; see `over_parts`.
    """

    capabilities = frozenset({"any-size"})

    def __init__(self, spec: SoundSpec, width: int, out: int, bands: int, pool: Pool, parts: int) -> None:
        super().__init__()
        self.spec, self.pool, self.parts = spec, pool, parts
        self.settings = dict(width=width, out=out, bands=bands, pool=pool, parts=parts)
        self.input = LogMel(spec, bands)
        sizes = ((spec.channels, width, (2, 2)), (width, 2 * width, (2, 2)), (2 * width, 4 * width, (2, 1)))
        self.stages = nn.ModuleList(Stage(inputs, outputs, stride, axes=2) for inputs, outputs, stride in sizes)
        rows = -(-self.input.mel.bands // 8)
        self.mix = nn.Sequential(nn.Conv1d(4 * width * rows, out, 1, bias=False), nn.BatchNorm1d(out), nn.ReLU(inplace=True))
        self.dim = pooled_size(out, pool, parts)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError("the encoder spectrogram cannot hide tokens; choose encoder: frames, or hide time in a view")
        maps, real = self.input(batch)
        for stage in self.stages:
            maps, real = stage(maps, real)
        steps = self.mix(maps.flatten(1, 2))
        return Features(pooled=pooled(steps, real, self.pool, self.parts))


class WaveNet(Encoder):
    """Convolutions over the waveform itself: a bank of learned filters, then residual stages that halve time.

    Dai et al., "Very Deep Convolutional Neural Networks for Raw Waveforms", 2017, with residual blocks.

    Parameters
    ----------
    spec : of the sound.
    width : filters of the bank; each of the two stages after it has twice as many as the one before.
    pool, parts : over time; see `over_parts`.
    """

    capabilities = frozenset({"any-size"})

    def __init__(self, spec: SoundSpec, width: int, pool: Pool, parts: int) -> None:
        super().__init__()
        self.spec, self.pool, self.parts = spec, pool, parts
        self.settings = dict(width=width, pool=pool, parts=parts)
        self.stride = max(1, round(0.005 * spec.rate))
        kernel = 4 * self.stride
        self.bank = nn.Conv1d(spec.channels, width, kernel, self.stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(width)
        self.stages = nn.ModuleList(Stage(each, 2 * each, 2, axes=1) for each in (width, 2 * width))
        self.dim = pooled_size(4 * width, pool, parts)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError("the encoder wave cannot hide tokens; choose encoder: frames, or hide time in a view")
        # The size of each filter's answer, compressed as hearing does: a filter bank, not yet frames.
        maps = self.norm(torch.log1p(self.bank(at_one_level(batch)).abs()))
        lengths, real = lengths_of(batch), None
        if lengths is not None:
            real = torch.arange(maps.shape[2], device=maps.device) * self.stride < lengths[:, None]
        for stage in self.stages:
            maps, real = stage(maps, real)
        return Features(pooled=pooled(maps, real, self.pool, self.parts))


def pooled(steps: Tensor, real: Tensor | None, pool: Pool, parts: int) -> Tensor:
    """`over_parts` in full precision. A recording too short for all parts gives zeros for those it does not reach."""
    if real is None and steps.shape[2] < parts:
        real = torch.ones(steps.shape[0], steps.shape[2], dtype=torch.bool, device=steps.device)
    return over_parts(precise(steps), real, pool, parts)
