"""Dilated convolutions over series: every step sees ever more of its surroundings, and pooling tells what occurred, and when.

The trunk is that of TS2Vec (Yue et al., "TS2Vec: Towards Universal Representation of Time Series", 2022): residual blocks of two
convolutions, the dilation doubling from block to block.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.series.spec import SeriesSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenMask
from selflearn.networks.pooling import Pool, kept, over_parts, pooled_size
from selflearn.networks.series_input import SeriesInput

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
        hidden = self.first(kept(F.gelu(values), real))
        return kept(self.second(kept(F.gelu(hidden), real)) + self.skip(values), real)


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
    devices : channels are of devices that recorded together; one trunk reads each on its own, and the embedding is the mean of
        theirs. A batch may hold one device alone. Needs a spec that has them.
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
        devices: bool = False,
    ) -> None:
        super().__init__()
        if joints and not spec.joints:
            raise RecipeError("joints = true needs series that are skeletons: read them with --read joints=NUMBER")
        if devices and (joints or not spec.devices):
            raise RecipeError("devices = true needs series of several devices, read with --read devices=NUMBER, and joints = false")
        self.spec, self.pool, self.parts, self.devices = spec, pool, parts, spec.devices if devices else 0
        self.channels = len(spec.channels)
        self.settings = dict(
            width=width, depth=depth, out=out, kernel=kernel, pool=pool, parts=parts, joints=joints, instance=instance, steps=steps,
            statistics=statistics, devices=devices,
        )  # fmt: skip
        depth = depth or enough_depth(spec.length, kernel)
        out = out or max(16, 320 // pooled_size(1, pool, parts))
        self.input = SeriesInput(one_device(spec) if devices else spec, joints, instance, steps)
        self.embed = nn.Conv1d(self.input.size, width, 1)
        widths = [width] * depth + [out]
        self.blocks = nn.ModuleList(
            Dilated(width, outputs, 2**number, kernel) for number, outputs in enumerate(widths[1:] if depth > 1 else widths[-1:])
        )
        self.statistics = statistics
        self.dim = pooled_size(out, pool, parts) + (pooled_size(self.input.size, "statistics", parts) if statistics else 0)

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        if mask is not None:
            raise RecipeError("the encoder dilated cannot hide tokens; choose encoder: patches, or hide time in a view")
        if self.devices and batch.values.shape[1] == self.channels:
            each = [self._embedded(batch.replace(values=values)) for values in batch.values.chunk(self.devices, dim=1)]
            return Features(pooled=torch.stack(each).mean(0))
        return Features(pooled=self._embedded(batch))

    def _embedded(self, batch: Batch) -> Tensor:
        """(batch, dim) of what the trunk reads at once."""
        real = None if batch.mask is None else batch.mask[:, None]
        read = self.input(batch)
        values = kept(self.embed(read), real)
        for block in self.blocks:
            values = block(values, real)
        pooled = over_parts(values, batch.mask, self.pool, self.parts)
        if self.statistics:
            told = over_parts(read, batch.mask, "statistics", self.parts)
            pooled = torch.cat([pooled, torch.zeros_like(told) if self.training else told], dim=1)
        return pooled


def one_device(spec: SeriesSpec) -> SeriesSpec:
    """What there is to know of the first device alone."""
    count = len(spec.channels) // spec.devices
    alone = {name: getattr(spec, name)[:count] for name in ("channels", "mean", "std")}
    return spec.model_copy(update={**alone, "joints": 0, "devices": 0})


def enough_depth(length: int, kernel: int = 3) -> int:
    """Blocks after which a step sees `length` steps: each adds 2 (kernel - 1) times its dilation."""
    return min(MOST_DEPTH, max(2, math.ceil(math.log2(1 + length / (2 * (kernel - 1))))))
