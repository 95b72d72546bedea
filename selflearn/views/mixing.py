"""Two samples in one: mixup and CutMix, for every kind whose values are tensors. A method mixes its targets with `mix_targets`."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.views import checks
from selflearn.views.drawn import DrawnView, spread, uniform


class Mixup(DrawnView):
    """A weighted mean with another sample: w x + (1 - w) x[partner].

    Source: Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018. Where samples are padded, a position is real in the
    mixture if it is real in either.

    Parameters
    ----------
    alpha : above 0; the weight is drawn from Beta(alpha, alpha).

    Changes
    -------
    partner : (batch,) int64, the row that was mixed in.
    weight : (batch,) in [0, 1], the share of the sample itself.

    Example
    -------
    >>> import torch
    >>> from selflearn.data.batch import Batch
    >>> batch = Batch(values=torch.rand(4, 3, 8, 8), index=torch.arange(4), labels=torch.tensor([0, 1, 2, 3]))
    >>> mixed = Mixup(alpha=0.2)(batch, torch.Generator().manual_seed(0))
    >>> targets = mix_targets(torch.eye(4)[batch.labels], mixed.changes)
    >>> targets.shape, torch.allclose(targets.sum(dim=1), torch.ones(4))
    (torch.Size([4, 4]), True)
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = checks.number(self, "alpha", alpha, 1e-3, 1e3)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Partners and weights."""
        return {"partner": _partners(batch, generator), "weight": _beta(self.alpha, batch, generator)}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The mixed values."""
        return mix_targets(batch.values, changes)

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        mixed = super().__call__(batch, generator)
        partner = mixed.changes["partner"]
        if mixed.mask is not None:
            mixed.mask = mixed.mask | mixed.mask[partner]
        if mixed.lengths is not None:
            mixed.lengths = torch.maximum(mixed.lengths, mixed.lengths[partner])
        return mixed


class CutMix(DrawnView):
    """A box of another sample in its place.

    Source: Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with Localizable Features", 2019. The box
    spans the dimensions after the channels: a rectangle of a picture, an interval of a series (batch, channels, time), a cuboid
    of a scan. Every side is the same share of the sample's; where the box leaves the sample it is cut off.

    Parameters
    ----------
    alpha : above 0; the share that stays is drawn from Beta(alpha, alpha) before rounding and cutting off.

    Changes
    -------
    partner : (batch,) int64, the row the box comes from.
    weight : (batch,) in [0, 1], the share of positions that stayed, counted exactly.
    box : (batch, 2 dimensions) int64, first positions, then one past the last positions.
    """

    takes_raw = True

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = checks.number(self, "alpha", alpha, 1e-3, 1e3)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Partners, boxes and the shares they leave."""
        shape = batch.values.shape[2:]
        if len(shape) == 0 or batch.lengths is not None:
            raise RecipeError(
                "CutMix needs samples of one shape (channels, positions...); Mixup also takes vectors and padded samples"
            )
        sides = torch.tensor(shape, device=batch.device)
        cut = (1 - _beta(self.alpha, batch, generator)) ** (1 / len(shape))
        lengths = (cut[:, None] * sides).long()
        start = (uniform(batch, len(shape), generator) * sides).long() - lengths // 2
        stop = (start + lengths).clamp_(max=sides)
        start = start.clamp_(min=0)
        weight = 1 - (stop - start).prod(dim=1) / math.prod(shape)
        return {"partner": _partners(batch, generator), "weight": weight, "box": torch.cat([start, stop], dim=1)}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The values with their foreign boxes."""
        values, box = batch.values, changes["box"]
        dimensions = values.ndim - 2
        inside = torch.ones(len(batch), *[1] * (dimensions + 1), dtype=torch.bool, device=values.device)
        for axis in range(dimensions):
            shape = [1] * values.ndim
            shape[2 + axis] = -1
            positions = torch.arange(values.shape[2 + axis], device=values.device).view(shape)
            start, stop = (spread(box[:, side], values) for side in (axis, dimensions + axis))
            inside = inside & (positions >= start) & (positions < stop)
        return torch.where(inside, values[changes["partner"]], values)


def mix_targets(targets: Tensor, changes: dict[str, Tensor]) -> Tensor:
    """Targets mixed as their samples were: w t + (1 - w) t[partner].

    Parameters
    ----------
    targets : (batch, ...) float, e.g. one-hot labels or a teacher's embeddings, in the order of the batch that was mixed.
    changes : of a batch that `Mixup` or `CutMix` made.
    """
    return torch.lerp(targets[changes["partner"]], targets, spread(changes["weight"], targets).to(targets.dtype))


def _partners(batch: Batch, generator: torch.Generator) -> Tensor:
    return torch.randperm(len(batch), generator=generator, device=generator.device).to(batch.device)


def _beta(alpha: float, batch: Batch, generator: torch.Generator) -> Tensor:
    # torch draws from a beta distribution with its global generator only.
    seed = int(torch.randint(2**62, (1,), generator=generator, device=generator.device))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, len(batch)).astype(np.float32)).to(batch.device)
