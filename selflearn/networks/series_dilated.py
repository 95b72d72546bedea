"""Dilated convolutions over series: every step sees ever more of its surroundings, and pooling tells what occurred, and when.

The trunk is that of TS2Vec (Yue et al., "TS2Vec: Towards Universal Representation of Time Series", 2022): residual blocks of two
convolutions, the dilation doubling from block to block.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.series.spec import SeriesSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenMask
from selflearn.networks.series_input import SeriesInput

Pool = Literal["max", "mean", "both"]
MOST_DEPTH = 10


class Dilated(nn.Module):
    """GELU and convolution, twice, added to what came in (through a 1 x 1 convolution where widths differ).

    Parameters
    ----------
    inputs, outputs : channels.
    dilation : steps between the taps of the kernel.
    kernel : taps, odd.
    """

    def __init__(self, inputs: int, outputs: int, dilation: int, kernel: int) -> None:
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.first = nn.Conv1d(inputs, outputs, kernel, padding=padding, dilation=dilation)
        self.second = nn.Conv1d(outputs, outputs, kernel, padding=padding, dilation=dilation)
        self.skip = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, values: Tensor, real: Tensor | None = None) -> Tensor:
        """(batch, inputs, length) to (batch, outputs, length); padding is 0 before each convolution, so that none leaks in."""
        hidden = self.first(_kept(F.gelu(values), real))
        return _kept(self.second(_kept(F.gelu(hidden), real)) + self.skip(values), real)


class DilatedEncoder(Encoder):
    """A dilated trunk, then pooling over time.

    Parameters
    ----------
    spec : of the series.
    width : channels of the trunk.
    depth : residual blocks; 0 takes as many as it needs to see a whole sample, at most 10.
    out : channels of the last block; 0 makes an embedding of 320 numbers.
    pool : over time: "max", "mean" or "both".
    parts : beside the whole, this many equal parts in time are pooled, so that the order of things tells; 1 is the whole alone.
    joints, instance, steps : what the trunk reads; see `SeriesInput`.
    statistics : mean, deviation, least and largest of what the trunk reads, of the whole and of each part, are in the embedding.
        While training they are zeros: otherwise they would tell samples apart, and the trunk would have nothing to learn.
    """

    capabilities = frozenset({"any-size"})

    def __init__(
        self,
        spec: SeriesSpec,
        width: int,
        depth: int,
        out: int,
        kernel: int,
        pool: Pool,
        parts: int,
        joints: bool,
        instance: bool,
        steps: bool,
        statistics: bool = False,
    ) -> None:
        super().__init__()
        if joints and not spec.joints:
            raise RecipeError("joints = true needs series that are skeletons: read them with --read joints=NUMBER")
        self.spec, self.pool, self.parts = spec, pool, parts
        self.settings = dict(
            width=width, depth=depth, out=out, kernel=kernel, pool=pool, parts=parts, joints=joints, instance=instance, steps=steps,
            statistics=statistics,
        )  # fmt: skip
        depth = depth or enough_depth(spec.length, kernel)
        pieces = (2 if pool == "both" else 1) * (parts + 1 if parts > 1 else 1)
        out = out or max(16, 320 // pieces)
        self.input = SeriesInput(spec, joints, instance, steps)
        self.embed = nn.Conv1d(self.input.size, width, 1)
        widths = [width] * depth + [out]
        self.blocks = nn.ModuleList(
            Dilated(width, outputs, 2**number, kernel) for number, outputs in enumerate(widths[1:] if depth > 1 else widths[-1:])
        )
        self.statistics = statistics
        self.dim = pieces * out + (4 * self.input.size * (parts + 1 if parts > 1 else 1) if statistics else 0)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError("the encoder dilated cannot hide tokens; choose encoder: patches, or hide time in a view")
        real = None if batch.mask is None else batch.mask[:, None]
        read = self.input(batch)
        values = _kept(self.embed(read), real)
        for block in self.blocks:
            values = block(values, real)
        pooled = self._pooled(values, batch, self._learned)
        if self.statistics:
            told = self._pooled(read, batch, _told)
            pooled = torch.cat([pooled, torch.zeros_like(told) if self.training else told], dim=1)
        return Features(pooled=pooled)

    def _learned(self, values: Tensor, real: Tensor | None) -> Tensor:
        return _over_time(values, real, self.pool)

    def _pooled(self, values: Tensor, batch: Batch, over: Callable[[Tensor, Tensor | None], Tensor]) -> Tensor:
        """The whole, and each part, `over` time."""
        if batch.mask is None or batch.lengths is None:
            whole = [over(values, None)]
            if self.parts > 1:
                whole += [over(each, None) for each in values.tensor_split(min(self.parts, values.shape[2]), dim=2)]
            return torch.cat(whole, dim=1)
        pooled = [over(values, batch.mask)]
        if self.parts > 1:
            place = torch.arange(values.shape[2], device=values.device) * self.parts // batch.lengths[:, None].clamp(min=1)
            pooled += [over(values, batch.mask & (place == part)) for part in range(self.parts)]
        return torch.cat(pooled, dim=1)


def enough_depth(length: int, kernel: int = 3) -> int:
    """Blocks after which a step sees `length` steps: each adds 2 (kernel - 1) times its dilation."""
    return min(MOST_DEPTH, max(2, math.ceil(math.log2(1 + length / (2 * (kernel - 1))))))


def _kept(values: Tensor, real: Tensor | None) -> Tensor:
    return values if real is None else values * real.to(values.dtype)


def _told(values: Tensor, real: Tensor | None) -> Tensor:
    """(batch, 4 channels): mean, deviation, least and largest over the real steps."""
    mean = _over_time(values, real, "mean")
    centred = values - mean[..., None]
    spread = _over_time(centred.square(), real, "mean").clamp(min=0).sqrt()
    return torch.cat([mean, spread, -_over_time(-values, real, "max"), _over_time(values, real, "max")], dim=1)


def _over_time(values: Tensor, real: Tensor | None, pool: Pool) -> Tensor:
    """(batch, channels) or twice that: largest and mean over the real steps; 0 where there are none."""
    found = []
    if real is None:
        if pool != "mean":
            found.append(values.amax(dim=2))
        if pool != "max":
            found.append(values.mean(dim=2))
        return torch.cat(found, dim=1)
    count = real.sum(dim=1, keepdim=True)
    if pool != "mean":
        lowest = torch.finfo(values.dtype).min
        found.append(torch.where(count > 0, values.masked_fill(~real[:, None], lowest).amax(dim=2), 0.0))
    if pool != "max":
        found.append((values * real[:, None]).sum(dim=2) / count.clamp(min=1))
    return torch.cat(found, dim=1)
