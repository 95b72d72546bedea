"""Pictures that ask about themselves: how far they were turned, where two tiles of them lay, in which order tiles come.

Tiles are encoded one by one: the view of a batch holds several rows a picture, one a tile, sample after sample.
"""

from __future__ import annotations

import functools
import itertools
import math

import numpy as np
import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.questions import Asked, Question
from selflearn.errors import RecipeError
from selflearn.views.checks import number, whole
from selflearn.views.drawn import uniform

TURNS = 4
ROTATION = Asked(1, TURNS, "classes")
NEIGHBOURS = (0, 1, 2, 3, 5, 6, 7, 8)  # cells of a 3 x 3 grid around its middle, row by row
POSITION = Asked(2, len(NEIGHBOURS), "classes", ordered=True)
LEAST_TILE = 2  # pixels


class Turn:
    """Quarter turns against the clock, and the question how many: "rotation", one of 4 classes.

    Parameters
    ----------
    turns : how many, for every picture; None draws a number for each.

    Changes
    -------
    turns : (batch,) int64.

    Source: Gidaris et al., "Unsupervised Representation Learning by Predicting Image Rotations", 2018.
    """

    def __init__(self, turns: int | None = None) -> None:
        self.turns = None if turns is None else whole(self, "turns", turns, 0, TURNS - 1)

    @torch.no_grad()
    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        height, width = batch.values.shape[2:]
        if height != width:
            raise RecipeError(f"Turn: quarter turns need square pictures, not {height} x {width}")
        drawn = (uniform(batch, 1, generator)[:, 0] * TURNS).long()
        turns = drawn if self.turns is None else torch.full_like(drawn, self.turns)
        values = batch.values.clone()
        for each in range(1, TURNS):
            values[turns == each] = torch.rot90(batch.values[turns == each], each, (2, 3))
        question = Question(torch.arange(len(batch), device=batch.device)[:, None], turns)
        return batch.replace(values=values, changes={"turns": turns}, questions={"rotation": question})


class Tiles:
    """Squares cut from the cells of a grid, each at a place of its own within its cell, so that edges do not continue.

    Parameters
    ----------
    grid : cells along each side.
    share : a tile's side as a share of its cell's, in (0, 1]; the rest is room for the place to vary, and a gap.
    """

    def __init__(self, grid: int = 3, share: float = 0.85) -> None:
        self.grid, self.share = whole(self, "grid", grid, 2, 3), number(self, "share", share, 0.1, 1.0)

    def cut(self, batch: Batch, cells: Tensor, generator: torch.Generator) -> Batch:
        """The tiles of (batch, tiles) `cells`, numbered row by row, as rows of a batch: sample after sample."""
        cell = min(batch.values.shape[2:]) // self.grid
        side = round(cell * self.share)
        if side < LEAST_TILE:
            raise RecipeError(
                f"tiles of {side} pixels show nothing: pictures of {min(batch.values.shape[2:])} pixels are too small for "
                f"{self.grid} x {self.grid} cells; give the views a larger 'size'"
            )
        count = cells.shape[1]
        places = (uniform(batch, 2 * count, generator).view(-1, count, 2) * (cell - side + 1)).long()
        corners = torch.stack([cells // self.grid, cells % self.grid], dim=2) * cell + places
        within = torch.arange(side, device=batch.device)
        down = (corners[..., 0].flatten()[:, None] + within)[:, :, None]
        across = (corners[..., 1].flatten()[:, None] + within)[:, None, :]
        rows = torch.arange(len(batch), device=batch.device).repeat_interleave(count)
        tiles = batch.values[rows[:, None, None], :, down, across].permute(0, 3, 1, 2).contiguous()
        return batch.replace(values=batch.index).select(rows).replace(values=tiles)


class Position(Tiles):
    """The middle cell's tile and one of its eight neighbours', and the question "position": which neighbour it is, of 8 classes.

    Changes
    -------
    position : (2 * batch,) int64, of each tile's picture.

    Source: Doersch et al., "Unsupervised Visual Representation Learning by Context Prediction", 2015.
    """

    def __init__(self, share: float = 0.67) -> None:
        super().__init__(3, share)

    @torch.no_grad()
    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        told = (uniform(batch, 1, generator)[:, 0] * len(NEIGHBOURS)).long()
        cells = torch.stack([torch.full_like(told, 4), torch.tensor(NEIGHBOURS, device=batch.device)[told]], dim=1)
        tiles = self.cut(batch, cells, generator)
        rows = torch.arange(len(tiles), device=batch.device).view(-1, 2)
        return tiles.replace(changes={"position": told.repeat_interleave(2)}, questions={"position": Question(rows, told)})


class Jigsaw(Tiles):
    """All tiles, and the question "jigsaw": in which of so many orders they come.

    Parameters
    ----------
    orders : how many orders there are, of those of all tiles; they differ in as many places as they can.

    Changes
    -------
    order : (tiles * batch,) int64, of each tile's picture.

    Source: Noroozi and Favaro, "Unsupervised Learning of Visual Representations by Solving Jigsaw Puzzles", 2016.
    """

    def __init__(self, grid: int = 3, share: float = 0.85, orders: int = 64) -> None:
        super().__init__(grid, share)
        self.orders = torch.from_numpy(unlike_orders(grid * grid, orders))

    @torch.no_grad()
    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        count, pieces = self.orders.shape
        told = (uniform(batch, 1, generator)[:, 0] * count).long()
        cells = torch.arange(pieces, device=batch.device).expand(len(batch), -1)
        tiles = self.cut(batch, cells, generator)
        first = torch.arange(len(batch), device=batch.device)[:, None] * pieces
        question = Question(first + self.orders.to(batch.device)[told], told)
        return tiles.replace(changes={"order": told.repeat_interleave(pieces)}, questions={"jigsaw": question})


@functools.lru_cache(maxsize=8)
def unlike_orders(pieces: int, count: int) -> np.ndarray:
    """(count, pieces) int64 permutations that differ in many places: each in as many as possible, summed over those before it.

    Raises
    ------
    RecipeError : there are not so many, or fewer than two are wanted.
    """
    if not 2 <= count <= math.factorial(pieces):
        raise RecipeError(f"orders = {count} of a jigsaw must be 2 to the {math.factorial(pieces)} that {pieces} tiles have")
    every = np.array(list(itertools.permutations(range(pieces))), dtype=np.int8)
    distance = np.zeros(len(every), dtype=np.int32)
    chosen = [0]
    while len(chosen) < count:
        distance += (every != every[chosen[-1]]).sum(1, dtype=np.int32)
        distance[chosen] = -1
        chosen.append(int(distance.argmax()))
    return every[chosen].astype(np.int64)
