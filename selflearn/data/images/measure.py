"""What raw values mean and how they are spread, measured on a bounded sample of pictures."""

from __future__ import annotations

import numpy as np

from selflearn.data.images.spec import ImageSpec, PixelType

SAMPLE_PICTURES = 2048
SAMPLE_VALUES = 8_000_000
"""At most so many pictures and values are looked at: their mean is then known to about a hundredth of a deviation."""


def sample_rows(count: int, values_each: int) -> np.ndarray:
    """Positions, evenly spread over `count` pictures, of those to measure."""
    wanted = max(1, min(count, SAMPLE_PICTURES, SAMPLE_VALUES // max(values_each, 1)))
    return np.unique(np.linspace(0, count - 1, wanted).astype(np.int64))


def measure(sample: np.ndarray, colour: bool, value_range: tuple[float, float] | None = None) -> ImageSpec:
    """The spec of data from a sample of it.

    Parameters
    ----------
    sample : (pictures, channels, height, width) in the stored type.
    colour : whether the channels are red, green and blue.
    value_range : the raw values that stand for 0 and 1, where they are known.
    """
    dtype: PixelType = {"uint8": "uint8", "uint16": "uint16"}.get(sample.dtype.name, "float32")  # type: ignore[assignment]
    low, high = value_range or _range(sample)
    unit = (sample.astype(np.float32) - np.float32(low)) / np.float32(high - low)
    mean = unit.mean(axis=(0, 2, 3), dtype=np.float64)
    std = unit.std(axis=(0, 2, 3), dtype=np.float64)
    return ImageSpec(
        channels=sample.shape[1],
        height=sample.shape[2],
        width=sample.shape[3],
        low=low,
        high=high,
        mean=tuple(float(each) for each in mean),
        std=tuple(float(each) if each > 1e-6 else 1.0 for each in std),
        colour=colour,
        dtype=dtype,
    )


def _range(sample: np.ndarray) -> tuple[float, float]:
    """Raw values for 0 and 1: the type's own where its use is plain, else the bulk of what is there."""
    least, most = float(sample.min()), float(sample.max())
    if sample.dtype == np.uint8:
        return (0.0, 255.0) if most > 16 or most == 0 else (0.0, most)  # masks of 0 and 1, digits of 0 to 16
    if sample.dtype == np.float32:
        for low, high in ((0.0, 1.0), (-1.0, 1.0)):
            if low <= least and most <= high and most > low:
                return low, high
        if least >= 0 and 128 < most <= 255 and np.array_equal(sample, np.rint(sample)):
            return 0.0, 255.0
    low, high = (float(each) for each in np.percentile(sample, (0.1, 99.9)))
    if not high > low:  # nearly everything has one value
        low, high = least, most
    return (low, high) if high > low else (low, low + 1.0)
