"""Blocks treat tokens alike; positions of any size span the same extent."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.networks.transformer import Block, Transformer, grid_positions


@pytest.fixture
def transformer():
    torch.manual_seed(0)
    return Transformer(dim=12, depth=2, heads=3)


def test_tokens_in_another_order_come_out_in_that_order(transformer):
    tokens = torch.randn(2, 7, 12)
    order = torch.randperm(7)
    torch.testing.assert_close(transformer(tokens[:, order])[0], transformer(tokens)[0][:, order])


def test_padding_changes_nothing(transformer):
    tokens = torch.randn(2, 7, 12)
    padded = torch.cat([tokens, torch.full((2, 3, 12), 1e3)], 1)
    real = torch.arange(10).expand(2, -1) < 7
    torch.testing.assert_close(transformer(padded, real)[0][:, :7], transformer(tokens)[0])


def test_heads_must_divide():
    with pytest.raises(RecipeError, match="5 attention heads do not divide a width of 12"):
        Block(12, 5)


def test_positions_tell_every_cell_apart():
    positions = grid_positions((7, 9), 32)
    assert positions.shape == (63, 32)
    assert torch.cdist(positions, positions).add(torch.eye(63)).min() > 0.1


def test_positions_are_sines_and_cosines_about_their_mean():
    positions = grid_positions((5, 6), 16)
    torch.testing.assert_close(positions.mean(0), torch.zeros(16), atol=1e-6, rtol=0)
    step = torch.sin(torch.tensor(1.0))
    torch.testing.assert_close(positions[6, 0] - positions[0, 0], step)  # one row down: the fastest sine of the row axis
    torch.testing.assert_close(positions[1, 8] - positions[0, 8], step)  # one column right: that of the column axis


def test_distance_depends_on_the_difference_alone():
    positions = grid_positions((12,), 16)
    distances = torch.cdist(positions, positions)
    torch.testing.assert_close(distances[0, 3], distances[5, 8])
    assert distances[0, 1] < distances[0, 4]


def test_another_size_spans_the_same_extent():
    native, fine = grid_positions((4, 4), 16), grid_positions((12, 12), 16, native=(4, 4))
    centres = fine.reshape(12, 12, 16)[1::3, 1::3].reshape(16, 16)
    torch.testing.assert_close(centres, native)
    torch.testing.assert_close(grid_positions((4, 4), 16, native=(4, 4)), native)


@pytest.mark.parametrize(("grid", "dim"), [((5,), 7), ((3, 4), 10), ((2, 3, 4), 13)])
def test_any_rank_and_width(grid, dim):
    assert grid_positions(grid, dim).shape == (torch.Size(grid).numel(), dim)


def test_too_narrow_for_positions():
    with pytest.raises(RecipeError, match="at least 4"):
        grid_positions((3, 3), 3)
