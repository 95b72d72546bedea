"""Image datasets: pixels in memory or mapped from disk, or decoded anew for each batch. Both give equal batches."""

from __future__ import annotations

import hashlib
import warnings
from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from selflearn.data.batch import Batch
from selflearn.data.cache import Mapped
from selflearn.data.dataset import Dataset, Facts
from selflearn.data.images.decode import Layout, decode, reason
from selflearn.data.images.origins import Origin
from selflearn.data.images.spec import ImageBatch, ImageSpec
from selflearn.data.shards.files import Gone
from selflearn.errors import DataError

RAW_SIDE = 32
"""Baselines see at most 32 x 32 pixels: enough for what raw pixels can tell, and PCA stays cheap."""

RAW_VALUES = 16_000_000
"""Values that are averaged down at once: 64 MB."""


class Images(Dataset):
    """What all image datasets share; a subclass says where pixels come from."""

    spec: ImageSpec

    def __init__(self, spec: ImageSpec, facts: Facts, content: str, aspect: np.ndarray | None = None) -> None:
        self.spec, self.facts, self.aspect = spec, facts, aspect
        self.fingerprint = hashlib.blake2b(content.encode() + facts.labels.tobytes(), digest_size=16).hexdigest()

    @abstractmethod
    def pixels(self, indices: np.ndarray) -> np.ndarray:
        """(n, channels, height, width) of the stored type, contiguous and writable."""

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """The raw pictures at these positions, as an `ImageBatch`."""
        rows = np.asarray(indices, dtype=np.int64)
        return ImageBatch(
            values=torch.from_numpy(self.pixels(rows)),
            index=torch.from_numpy(rows.copy()),
            labels=torch.from_numpy(self.facts.labels[rows]),
            groups=None if self.facts.groups is None else torch.from_numpy(self.facts.groups[rows]),
            aspect=None if self.aspect is None else torch.from_numpy(self.aspect[rows]),
        )

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, features) float32 pixels at unit scale, averaged down to at most 32 x 32."""
        rows = np.asarray(indices, dtype=np.int64)
        side = min(self.spec.height, RAW_SIDE), min(self.spec.width, RAW_SIDE)
        vectors = np.empty((len(rows), self.spec.channels * side[0] * side[1]), dtype=np.float32)
        step = max(1, min(1024, RAW_VALUES // (self.spec.channels * self.spec.height * self.spec.width)))
        for start in range(0, len(rows), step):
            unit = self._unit(torch.from_numpy(self.pixels(rows[start : start + step])))
            if unit.shape[2:] != side:
                unit = torch.nn.functional.adaptive_avg_pool2d(unit, side)
            vectors[start : start + step] = unit.flatten(1).numpy()
        return vectors

    def picture(self, index: int, size: int = 64) -> Image.Image:
        """RGB, the longer side of `size` pixels, in true proportions; deep and many-channel pictures are stretched to be seen."""
        unit = self._unit(torch.from_numpy(self.pixels(np.array([index]))))[0].numpy()
        shown = unit[:3] if self.spec.channels >= 3 else unit[:1]
        if self.spec.dtype != "uint8" or not (self.spec.colour or self.spec.channels == 1):
            low, high = np.percentile(shown, (1, 99), axis=(1, 2), keepdims=True)
            shown = (shown - low) / np.maximum(high - low, 1e-6)
        pixels = (np.clip(shown, 0, 1) * 255 + 0.5).astype(np.uint8).transpose(1, 2, 0)
        image = Image.fromarray(np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3))))
        aspect = float(self.aspect[index]) if self.aspect is not None else image.width / image.height
        wide, high_side = (size, size / aspect) if aspect >= 1 else (size * aspect, size)
        enlarged = max(image.size) < size
        return image.resize(
            (max(round(wide), 1), max(round(high_side), 1)), Image.Resampling.NEAREST if enlarged else Image.Resampling.BICUBIC
        )

    def _unit(self, values: torch.Tensor) -> torch.Tensor:
        return (values.float() - self.spec.low) / (self.spec.high - self.spec.low)


class ArrayImages(Mapped, Images):
    """Decoded pictures in one array.

    Parameters
    ----------
    spec, facts, content, aspect : see `Images`; `content` is a key of the pixels.
    values : (stored, channels, height, width), any memory order and number type; may be mapped from a file.
    rows : (n,) the row of `values` that holds each sample; None where they are the same.
    """

    def __init__(
        self,
        spec: ImageSpec,
        facts: Facts,
        content: str,
        values: np.ndarray,
        rows: np.ndarray | None = None,
        aspect: np.ndarray | None = None,
    ) -> None:
        super().__init__(spec, facts, content, aspect)
        self.values, self.rows = values, rows

    def pixels(self, indices: np.ndarray) -> np.ndarray:
        """Gathered from the array."""
        rows = indices if self.rows is None else self.rows[indices]
        return np.ascontiguousarray(self.values[rows], dtype=self.spec.dtype)


class StreamedImages(Images):
    """Pictures decoded when a batch asks for them, for data too large to keep decoded; meant to run in DataLoader workers.

    A file that turns out damaged at that moment becomes a picture of the mean colour, with one warning, and is counted: no run dies
    of it.

    Parameters
    ----------
    spec, facts, content, aspect : see `Images`.
    origin : the encoded pictures.
    rows : (n,) the position in `origin` of each sample.

    Attributes
    ----------
    plain : (n,) which were shown as plain pictures, in all processes together.
    """

    streamed = True

    def __init__(
        self, spec: ImageSpec, facts: Facts, content: str, origin: Origin, rows: np.ndarray, aspect: np.ndarray | None = None
    ) -> None:
        super().__init__(spec, facts, content, aspect)
        self.origin, self.rows = origin, rows
        self.plain = torch.zeros(len(rows), dtype=torch.bool).share_memory_()

    def pixels(self, indices: np.ndarray) -> np.ndarray:
        """Decoded now."""
        spec = self.spec
        layout = Layout(spec.channels, spec.height, spec.width, spec.dtype)
        gathered = np.empty((len(indices), *layout.shape), dtype=spec.dtype)
        for together in self.origin.made_ready(self.rows[indices]):
            for each in together.tolist():
                index = int(indices[each])
                try:
                    with self.origin.open(int(self.rows[index])) as image:
                        gathered[each] = decode(image, layout)[0]
                except DataError:  # not this picture's fault: a server that does not come back, a full disk
                    raise
                except Exception as error:
                    gathered[each] = self._mean_colour()
                    self._tell(index, error)
        return gathered

    def prepare(self, blocks: Sequence[int]) -> None:
        """Of the origin."""
        self.origin.prepare(blocks)

    def incidents(self) -> list[str]:
        """Of the origin, and pictures that were damaged inside."""
        count = int(self.plain.sum())
        told = f"{count:,} picture{'s' if count != 1 else ''} could not be read when wanted: plain ones took the place"
        return [*self.origin.incidents(), *([told] if count else [])]

    def _mean_colour(self) -> np.ndarray:
        raw = np.array(self.spec.mean) * (self.spec.high - self.spec.low) + self.spec.low
        return raw.astype(self.spec.dtype)[:, None, None]

    def _tell(self, index: int, error: Exception) -> None:
        if not self.plain[index] and not isinstance(error, Gone):  # a shard that is gone was told of once, not by picture
            self.plain[index] = True
            warnings.warn(f"{self.facts.ids[index]} is shown as a plain picture: {reason(error)}", RuntimeWarning, stacklevel=2)
