"""Convolutions over sound: in two dimensions over log-mel frames, or in one over the waveform; then pooling over time."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.sound.spec import SoundSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenMask
from selflearn.networks.pooling import Pool, over_parts, pooled_size
from selflearn.networks.resnets import Residual, conv_norm
from selflearn.networks.sound_input import LogMel, at_one_level, lengths_of


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
    smaller = 4  # frames that become one step

    def __init__(self, spec: SoundSpec, width: int, out: int, bands: int, pool: Pool, parts: int) -> None:
        super().__init__()
        self.spec, self.pool, self.parts = spec, pool, parts
        self.settings = dict(width=width, out=out, bands=bands, pool=pool, parts=parts)
        self.input = LogMel(spec, bands)
        relu = nn.ReLU(inplace=True)
        stages: list[nn.Module] = [*conv_norm(spec.channels, width, 3, 2), relu, _residual(width)]
        for inputs, stride in ((width, (2, 2)), (2 * width, (2, 1))):
            stages += [
                nn.Conv2d(inputs, 2 * inputs, 3, stride, 1, bias=False),
                nn.BatchNorm2d(2 * inputs),
                relu,
                _residual(2 * inputs),
            ]
        self.trunk = nn.Sequential(*stages)
        rows = -(-self.input.mel.bands // 8)
        self.mix = nn.Sequential(nn.Conv1d(4 * width * rows, out, 1, bias=False), nn.BatchNorm1d(out), relu)
        self.dim = pooled_size(out, pool, parts)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError("the encoder spectrogram cannot hide tokens; choose encoder: frames, or hide time in a view")
        frames, real = self.input(batch)
        short = self.smaller * 2 - frames.shape[3]
        maps = self.trunk(F.pad(frames, (0, max(0, short))))
        steps = self.mix(maps.flatten(1, 2))
        told = _steps(real, self.smaller, steps.shape[2])
        return Features(pooled=over_parts(steps.float(), told, self.pool, self.parts))


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
        relu = nn.ReLU(inplace=True)
        self.bank = nn.Conv1d(spec.channels, width, kernel, self.stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(width)
        stages: list[nn.Module] = []
        for inputs in (width, 2 * width):
            stages += [
                nn.Conv1d(inputs, 2 * inputs, 5, 2, 2, bias=False),
                nn.BatchNorm1d(2 * inputs),
                relu,
                Residual(nn.Sequential(*_norm1d(2 * inputs), relu, *_norm1d(2 * inputs)), None, nn.ReLU(inplace=True)),
            ]
        self.trunk = nn.Sequential(*stages)
        self.dim = pooled_size(4 * width, pool, parts)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError("the encoder wave cannot hide tokens; choose encoder: frames, or hide time in a view")
        values = at_one_level(batch)
        # The size of each filter's answer, compressed as hearing does: a filter bank, not yet frames.
        answers = torch.log1p(self.bank(values).abs())
        steps = self.trunk(self.norm(answers))
        lengths = lengths_of(batch)
        real = None
        if lengths is not None:
            place = torch.arange(steps.shape[2], device=steps.device) * self.stride * 4
            real = place < lengths[:, None]
        return Features(pooled=over_parts(steps.float(), real, self.pool, self.parts))


def _residual(width: int) -> Residual:
    relu = nn.ReLU(inplace=True)
    return Residual(nn.Sequential(*conv_norm(width, width, 3), relu, *conv_norm(width, width, 3)), None, nn.ReLU(inplace=True))


def _norm1d(width: int) -> list[nn.Module]:
    return [nn.Conv1d(width, width, 3, padding=1, bias=False), nn.BatchNorm1d(width)]


def _steps(real: Tensor | None, smaller: int, count: int) -> Tensor | None:
    """(batch, steps) bool: a step is real where the first of its frames is."""
    if real is None:
        return None
    found = real[:, ::smaller][:, :count]
    return F.pad(found, (0, count - found.shape[1]))
