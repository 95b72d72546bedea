"""Pictures cut into square patches, and put together again."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError


def cut_patches(pictures: Tensor, patch: int) -> tuple[Tensor, tuple[int, int]]:
    """(batch, channels, height, width) to (batch, patches, patch * patch * channels), and the grid (rows, columns).

    Patches stand in row-major order, and so do the pixels in each, with their channels last. Where `patch` does not divide
    the picture, zeros are added below and to the right.
    """
    batch, channels, height, width = pictures.shape
    rows, columns = -(-height // patch), -(-width // patch)
    if (rows * patch, columns * patch) != (height, width):
        pictures = F.pad(pictures, (0, columns * patch - width, 0, rows * patch - height))
    split = pictures.reshape(batch, channels, rows, patch, columns, patch)
    return split.permute(0, 2, 4, 3, 5, 1).reshape(batch, rows * columns, patch * patch * channels), (rows, columns)


def join_patches(values: Tensor, grid: tuple[int, int], channels: int, height: int, width: int) -> Tensor:
    """Undo `cut_patches`: (batch, patches, values) to (batch, channels, height, width)."""
    rows, columns = grid
    patch = round((values.shape[2] / channels) ** 0.5)
    split = values.reshape(values.shape[0], rows, columns, patch, patch, channels)
    return split.permute(0, 5, 1, 3, 2, 4).reshape(values.shape[0], channels, rows * patch, columns * patch)[..., :height, :width]


def cell_middles(rows: int, columns: int, device: torch.device | str = "cpu") -> Tensor:
    """(rows * columns, 2) the middle of each cell of a grid, down and across, as shares of its sides; row by row."""
    down = (torch.arange(rows, device=device) + 0.5) / rows
    across = (torch.arange(columns, device=device) + 0.5) / columns
    return torch.cartesian_prod(down, across)


def grid_of(cells: int, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of so many cells over a picture of these sides, cells being (nearly) square.

    Raises
    ------
    RecipeError : no such grid has so many cells.
    """
    rows = max(1, round(math.sqrt(cells * height / width)))
    if cells % rows:
        raise RecipeError(f"{cells} tokens of a picture of {height} x {width} pixels lie on no grid")
    return rows, cells // rows
