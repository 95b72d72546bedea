"""Cutting and joining undo each other, whatever the size."""

import pytest
import torch

from selflearn.networks.patches import cut_patches, join_patches


@pytest.mark.parametrize(("channels", "height", "width", "patch"), [(3, 8, 8, 2), (1, 7, 10, 4), (6, 5, 3, 8), (2, 12, 9, 3)])
def test_round_trip(channels, height, width, patch):
    pictures = torch.randn(2, channels, height, width)
    values, grid = cut_patches(pictures, patch)
    assert grid == (-(-height // patch), -(-width // patch))
    assert values.shape == (2, grid[0] * grid[1], patch * patch * channels)
    assert torch.equal(join_patches(values, grid, channels, height, width), pictures)


def test_row_major_with_channels_last():
    pictures = torch.arange(2 * 4 * 4.0).reshape(1, 2, 4, 4)
    values, _ = cut_patches(pictures, 2)
    assert torch.equal(values[0, 1].reshape(2, 2, 2), pictures[0, :, 0:2, 2:4].permute(1, 2, 0))


def test_what_is_added_is_zero():
    values, _ = cut_patches(torch.ones(1, 1, 3, 3), 2)
    assert values.sum() == 9
