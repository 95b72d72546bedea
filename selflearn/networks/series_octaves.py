"""Dilated convolutions over octave energies of series: how much each channel moves, slowly to quickly, from moment to moment.

What people do shows in how strongly a worn sensor moves at each speed, over several orders of magnitude, and how it is worn shows
in its level. So the trunk reads logarithms of energies, in which a factor is a sum, and no level: differences between neighbouring
means of 1, 2, 4 ... steps (Haar wavelets), squared and averaged over each frame.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.series.spec import SeriesSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenMask
from selflearn.networks.pooling import Pool, kept, over_parts, pooled_size
from selflearn.networks.series_dilated import Dilated, enough_depth

FRAMES = 24
"""Of a whole sample, where nobody chose their length."""
FLOOR = 1e-6
"""Energy added before the logarithm: a thousandth of the channel's deviation, below what sensors resolve."""


class OctaveEncoder(Encoder):
    """Octave energies, a dilated trunk over their frames, then pooling over time.

    Parameters
    ----------
    spec : of the series.
    width, depth, out, pool, parts : of the trunk and its pooling, as in the encoder dilated.
    frame : steps of a frame; 0 makes about 24 of the longest series.
    level : the mean of each channel in each frame is read beside its energies.
    """

    capabilities = frozenset({"any-size"})

    def __init__(self, spec: SeriesSpec, width: int, depth: int, out: int, pool: Pool, parts: int, frame: int, level: bool) -> None:
        super().__init__()
        self.settings = dict(width=width, depth=depth, out=out, pool=pool, parts=parts, frame=frame, level=level)
        self.spec, self.pool, self.parts, self.level = spec, pool, parts, level
        self.frame = min(frame or max(1, round(spec.length / FRAMES)), spec.length)
        self.octaves = octaves_of(spec.length)
        depth = depth or enough_depth(-(-spec.length // self.frame))
        out = out or max(16, 320 // pooled_size(1, pool, parts))
        self.embed = nn.Conv1d(len(spec.channels) * (self.octaves + level), width, 1)
        widths = [width] * depth + [out]
        self.blocks = nn.ModuleList(
            Dilated(width, outputs, 2**number, 3) for number, outputs in enumerate(widths[1:] if depth > 1 else widths[-1:])
        )
        self.dim = pooled_size(out, pool, parts)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError("the encoder octaves cannot hide tokens; choose encoder: patches, or hide time in a view")
        real = None if batch.mask is None else framed(batch.mask, self.frame)
        read = octave_energies(batch.values, batch.mask, self.octaves, self.frame)
        if self.level:
            read = torch.cat([read, frame_means(batch.values, batch.mask, self.frame)], dim=1)
        shown = None if real is None else real[:, None]
        values = kept(self.embed(read), shown)
        for block in self.blocks:
            values = block(values, shown)
        return Features(pooled=over_parts(values, real, self.pool, self.parts))


def octaves_of(length: int) -> int:
    """How many octaves a series of so many steps has: the longest difference spans it once."""
    return max(1, int(math.log2(length / 2)) + 1) if length >= 2 else 1


def octave_energies(values: Tensor, real: Tensor | None, octaves: int, frame: int) -> Tensor:
    """(batch, channels * octaves, frames): half the logarithm of the mean square of Haar differences, over 2, brought near 0.

    Octave k takes differences between means of 2^k steps and of the 2^k before, where all of these are real, within the frame or
    the 2^(k+1) steps about its middle, whichever is longer; a frame without any has that of the whole series, or 0 if it has none.

    Parameters
    ----------
    values : (batch, channels, length).
    real : (batch, length) bool, real steps first; None where all are.
    """
    length = values.shape[2]
    counts = torch.full((len(values),), length, device=values.device) if real is None else real.sum(1)
    middle = torch.arange(-(-length // frame), device=values.device) * frame + frame // 2
    sums = nn.functional.pad(values.to(torch.float32).cumsum(2), (1, 0))
    found = [_energy(sums, counts, 2**octave, middle, frame) for octave in range(octaves)]
    return torch.stack(found, dim=2).flatten(1, 2).to(values.dtype)


def _energy(sums: Tensor, counts: Tensor, size: int, middle: Tensor, frame: int) -> Tensor:
    """(batch, channels, frames) of one octave, from running sums (batch, channels, length + 1) and the number of real steps."""
    if 2 * size > sums.shape[2] - 1:
        return torch.zeros(*sums.shape[:2], len(middle), device=sums.device)
    means = (sums[..., size:] - sums[..., :-size]) / size
    difference = means[..., size:] - means[..., :-size]  # the one at i spans the steps from i to i + 2 size
    starts = torch.arange(difference.shape[2], device=sums.device)
    valid = (starts + 2 * size <= counts[:, None])[:, None].to(torch.float32)
    energy, number = (nn.functional.pad(each.cumsum(2), (1, 0)) for each in (difference.square() * valid, valid))
    reach = max(frame, 2 * size) // 2 + 1
    first, last = ((middle - size + each).clamp(0, difference.shape[2]) for each in (-reach, reach))
    within = number[..., last] - number[..., first]
    near = (energy[..., last] - energy[..., first]).clamp(min=0) / within.clamp(min=1)
    whole = energy[..., -1:] / number[..., -1:].clamp(min=1)
    mean = torch.where(within > 0, near, whole)
    return torch.where(number[..., -1:] > 0, (mean + FLOOR).log() / 4 + 1, 0.0)


def frame_means(values: Tensor, real: Tensor | None, frame: int) -> Tensor:
    """(batch, channels, frames) means over the real steps of each frame; 0 where there are none."""
    missing = -values.shape[2] % frame
    shown = torch.ones_like(values[:, :1]) if real is None else real[:, None].to(values.dtype)
    total, count = (nn.functional.pad(each, (0, missing)).unflatten(2, (-1, frame)).sum(3) for each in (values * shown, shown))
    return total / count.clamp(min=1)


def framed(real: Tensor, frame: int) -> Tensor:
    """(batch, frames) bool: a frame is real where any of its steps is."""
    return nn.functional.pad(real, (0, -real.shape[1] % frame)).unflatten(1, (-1, frame)).any(2)
