"""Disturbed pictures, for claims about robustness: the same sample is always disturbed in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from selflearn.data import Batch, Dataset

if TYPE_CHECKING:
    from PIL.Image import Image


def noise(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise of a fifth of the value range."""
    return pictures + 0.2 * torch.randn(pictures.shape, generator=generator)


def fade(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """A third of the contrast, around the picture's own mean."""
    mean = pictures.mean((1, 2, 3), keepdim=True)
    return mean + (pictures - mean) / 3


def occlude(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """A square over a ninth of the area, at a random place, in the darkest value."""
    count, _, height, width = pictures.shape
    side = max(1, round(min(height, width) / 3))
    top = torch.randint(height - side + 1, (count, 1, 1, 1), generator=generator)
    left = torch.randint(width - side + 1, (count, 1, 1, 1), generator=generator)
    rows, columns = torch.arange(height).view(1, 1, -1, 1), torch.arange(width).view(1, 1, 1, -1)
    hidden = (rows >= top) & (rows < top + side) & (columns >= left) & (columns < left + side)
    return pictures.masked_fill(hidden, 0.0)


CORRUPTIONS: tuple[Callable[[Tensor, torch.Generator], Tensor], ...] = (noise, fade, occlude)


class Corrupted(Dataset):
    """A data set of pictures with each disturbed; labels and ids stay.

    Parameters
    ----------
    clean : pictures; its spec's `low` and `high` are the value range, which the result does not leave.
    corruption : (n, channels, height, width) in [0, 1] and a generator to the same shape; one of `CORRUPTIONS`.
    seed : of the draw.
    """

    def __init__(self, clean: Dataset, corruption: Callable[[Tensor, torch.Generator], Tensor], seed: int) -> None:
        self.clean, self.spec, self.facts = clean, clean.spec, clean.facts
        self.fingerprint = f"{clean.fingerprint}-{corruption.__name__}-{seed}"
        raw = clean.batch(np.arange(len(clean))).values
        low, high = float(clean.spec.low), float(clean.spec.high)  # type: ignore[attr-defined]
        unit = (raw.float() - low) / (high - low)
        disturbed = corruption(unit, torch.Generator().manual_seed(seed)).clamp(0, 1) * (high - low) + low
        self.values = disturbed.round().to(raw.dtype) if not raw.is_floating_point() else disturbed.to(raw.dtype)

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        return self.clean.batch(indices).replace(values=self.values[np.asarray(indices)])

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        return self.values[np.asarray(indices)].flatten(1).float().numpy()

    def picture(self, index: int, size: int = 64) -> Image:
        return self.clean.picture(index, size)
