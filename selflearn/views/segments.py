"""Segments of samples, found without learning: cells that look alike and lie together. A view keeps them for who compares parts.

A kind that has segments says what a coarse grid of cells over a sample's own coordinates looks like (`cells`); the rest is shared.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.views.base import View


class Segmented:
    """A view that also keeps the segments of the samples as they were before it changed them.

    Parameters
    ----------
    view : what is seen.
    cells : (batch, channels, *grid) what the cells of a grid over each raw sample look like.
    count, compactness : see `segments`.

    Changes
    -------
    segments : (batch, *grid) int64 the segment of each cell, in the sample's own coordinates.
    """

    def __init__(self, view: View, cells: Callable[[Batch], Tensor], count: int, compactness: float) -> None:
        self.view, self.cells, self.count, self.compactness = view, cells, count, compactness

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        with torch.no_grad(), torch.autocast(batch.device.type, enabled=False):
            found = segments(self.cells(batch).float(), self.count, self.compactness)
        return self.view(batch.replace(changes={"segments": found}), generator)


def segments(cells: Tensor, count: int, compactness: float, iterations: int = 5) -> Tensor:
    """K-means of each sample's cells by what they look like and where they lie, from centres on a regular grid.

    Achanta et al., "SLIC Superpixels Compared to State-of-the-Art Superpixel Methods", 2012; here a cell may belong to any centre,
    however far.

    Parameters
    ----------
    cells : (batch, channels, *grid); each channel of each sample is brought to deviation 1.
    count : about how many segments: the nearest power of a whole number, so that the first centres lie on a grid.
    compactness : >= 0, how much a step from one first centre to the next counts beside a difference of one deviation; large: the
        segments are the cells of a grid.
    iterations : >= 1.

    Returns
    -------
    (batch, *grid) int64, from 0.
    """
    grid = cells.shape[2:]
    each = max(1, round(count ** (1 / len(grid))))
    looks = cells.flatten(2)
    looks = (looks - looks.mean(2, keepdim=True)) / (looks.std(2, keepdim=True, correction=0) + 1e-6)
    middles = [(torch.arange(size, device=cells.device) + 0.5) / size for size in grid]
    lie = torch.stack([axis.flatten() for axis in torch.meshgrid(*middles, indexing="ij")])
    points = torch.cat([looks, compactness * each * lie.expand(len(cells), -1, -1)], dim=1).transpose(1, 2)
    firsts = torch.stack([((axis * each).floor()) for axis in lie]).long()
    labels = torch.zeros_like(firsts[0])
    for axis in firsts:
        labels = labels * each + axis
    labels = labels.expand(len(cells), -1)
    for _ in range(iterations):
        members = torch.nn.functional.one_hot(labels, each ** len(grid)).to(points.dtype)
        sizes = members.sum(1)
        centres = members.transpose(1, 2) @ points / sizes.clamp(min=1)[..., None]
        distances = torch.cdist(points, centres).masked_fill((sizes == 0)[:, None], torch.inf)
        labels = distances.argmin(2)
    return labels.unflatten(1, grid)


def segments_at(labels: Tensor, places: Tensor) -> Tensor:
    """(batch, points) int64 the segment at each of (batch, points, axes) places, as shares of the sample; the nearest at borders.

    Parameters
    ----------
    labels : (batch, *grid), as `Segmented` keeps them.
    places : their last axes are those of the grid (which channel a token reads tells no segment).
    """
    grid = labels.shape[1:]
    index = torch.zeros(places.shape[:2], dtype=torch.int64, device=labels.device)
    for size, axis in zip(grid, places[..., -len(grid) :].unbind(-1), strict=True):
        index = index * size + (axis * size).floor().long().clamp(0, size - 1)
    return labels.flatten(1).gather(1, index)
