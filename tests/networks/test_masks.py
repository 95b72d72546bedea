"""Masks hide exactly as many tokens in each row as was asked, from the given generator alone."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.errors import RecipeError
from selflearn.networks import block_mask, coarse_mask, complementary_masks, random_mask, random_mask_of, span_mask_of
from selflearn.networks.masks import visible_index


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@settings(max_examples=50, deadline=None)
@given(
    grid=st.lists(st.integers(3, 9), min_size=1, max_size=2),
    ratio=st.floats(0.25, 0.75),
    blocks=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_every_row_hides_the_same_number(grid, ratio, blocks, seed):
    count = round(math.prod(grid) * ratio)
    for mask in (random_mask(5, grid, ratio, seeded(seed)), block_mask(5, grid, ratio, seeded(seed), blocks)):
        assert mask.shape == (5, math.prod(grid))
        assert mask.dtype == torch.bool
        assert (mask.sum(1) == count).all()


@pytest.mark.parametrize("make", [random_mask, block_mask])
def test_a_function_of_the_generator(make):
    torch.manual_seed(1)
    first = make(4, (6, 6), 0.5, seeded(3))
    torch.manual_seed(2)
    assert torch.equal(first, make(4, (6, 6), 0.5, seeded(3)))
    assert not torch.equal(first, make(4, (6, 6), 0.5, seeded(4)))


def test_random_masks_hide_every_token_alike():
    rate = random_mask(20_000, (4, 4), 0.75, seeded()).float().mean(0)
    assert (rate - 0.75).abs().max() < 4 * math.sqrt(0.75 * 0.25 / 20_000)


@pytest.mark.parametrize("make", [random_mask, block_mask])
@pytest.mark.parametrize("ratio", [0, 1, 0.0, 1.0, -0.5, 1.5, float("nan"), 0.01, 0.99])
def test_nothing_or_everything_is_refused(make, ratio):
    with pytest.raises(RecipeError, match="choose a ratio"):
        make(2, (3, 3), ratio, seeded())


def test_one_block_is_a_rectangle():
    """Its bounding box holds hardly more than the hidden tokens: at most one ring is incomplete."""
    masks = block_mask(200, (12, 12), 0.25, seeded()).reshape(-1, 12, 12)
    for mask in masks:
        rows, columns = mask.any(1).nonzero(), mask.any(0).nonzero()
        height, width = int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1
        assert mask.sum() == 36
        assert 36 <= height * width <= 36 + 2 * max(height, width)


def test_aspect_is_kept():
    tall = block_mask(200, (16, 16), 0.1, seeded(), aspect=(4.0, 4.0)).reshape(-1, 16, 16)
    assert (tall.any(2).sum(1) > tall.any(1).sum(1)).float().mean() > 0.95


def test_blocks_hang_together_more_than_random_tokens():
    def same_as_right_neighbour(mask):
        mask = mask.reshape(-1, 10, 10)
        return (mask[..., 1:] == mask[..., :-1]).float().mean()

    random, blocks = random_mask(100, (10, 10), 0.5, seeded()), block_mask(100, (10, 10), 0.5, seeded(), blocks=4)
    assert same_as_right_neighbour(blocks) > same_as_right_neighbour(random) + 0.2


def test_impossible_blocks():
    for options in ({"blocks": 0}, {"aspect": (0.0, 1.0)}, {"aspect": (2.0, 1.0)}):
        with pytest.raises(RecipeError, match="block masks need"):
            block_mask(2, (4, 4), 0.5, seeded(), **options)
    with pytest.raises(RecipeError, match="block masks need"):
        block_mask(2, (4, 4, 4), 0.5, seeded())


@pytest.mark.parametrize(("grid", "parts"), [((4, 4), 2), ((4, 4), 4), ((3, 3), 2), ((5,), 3)])
def test_complements_share_the_tokens_out(grid, parts):
    masks = torch.stack(complementary_masks(6, grid, parts, seeded()))
    assert (masks.sum(0) == 1).all()
    counts = masks.sum(2)
    assert (counts == counts[:, :1]).all()
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("parts", [0, 1, 17])
def test_impossible_parts(parts):
    with pytest.raises(RecipeError, match="between 2 and 16"):
        complementary_masks(2, (4, 4), parts, seeded())


def test_visible_tokens_in_order():
    hidden = torch.tensor([[True, False, True, False], [False, False, True, True]])
    assert visible_index(hidden).tolist() == [[1, 3], [0, 1]]
    with pytest.raises(RecipeError, match="not between 1 and 2"):
        visible_index(torch.tensor([[True, True], [True, False]]))


def test_rows_of_any_length_hide_their_share_of_what_is_real():
    real = torch.arange(40)[None, :] < torch.tensor([40, 20, 10, 2, 1])[:, None]
    hidden = random_mask_of(real, 0.5, torch.Generator().manual_seed(0))
    assert hidden.sum(1).tolist() == [20, 10, 5, 1, 0]
    assert not (hidden & ~real).any()
    assert random_mask_of(real, 0.01, torch.Generator()).sum(1).tolist() == [1, 1, 1, 1, 0]
    assert random_mask_of(real, 0.99, torch.Generator()).sum(1).tolist() == [39, 19, 9, 1, 0]


def test_every_real_token_is_hidden_as_often():
    real = torch.ones(4000, 8, dtype=torch.bool)
    share = random_mask_of(real, 0.25, torch.Generator().manual_seed(1)).float().mean(0)
    assert torch.allclose(share, torch.full((8,), 0.25), atol=0.03)


def test_a_share_that_hides_nothing_or_all_is_refused():
    for ratio in (0.0, 1.0, -0.5):
        with pytest.raises(RecipeError, match="above 0 and below 1"):
            random_mask_of(torch.ones(2, 4, dtype=torch.bool), ratio, torch.Generator())


def prefixes(*lengths, tokens=40):
    return torch.arange(tokens) < torch.tensor(lengths)[:, None]


@settings(max_examples=50, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 40), min_size=1, max_size=6),
    ratio=st.floats(0.05, 0.95),
    span=st.integers(1, 15),
    seed=st.integers(0, 9),
)
def test_spans_hide_something_and_leave_something(lengths, ratio, span, seed):
    real = prefixes(*lengths)
    hidden = span_mask_of(real, ratio, span, seeded(seed))
    assert not (hidden & ~real).any()
    count = real.sum(1)
    assert (hidden.sum(1)[count > 1] > 0).all()
    assert (hidden.sum(1)[count > 0] < count[count > 0]).all()


def test_spans_have_their_length_and_their_share():
    hidden = span_mask_of(prefixes(*[400] * 200, tokens=400), 0.65, 10, seeded())
    edges = torch.nn.functional.pad(hidden.int(), (1, 1)).diff(dim=1)
    begins, ends = ((edges == each).nonzero()[:, 1] for each in (1, -1))
    assert (ends - begins).min() == 10
    assert hidden.float().mean() == pytest.approx(0.49, abs=0.02)  # the publication's: p = 0.065, spans of 10
    assert torch.equal(hidden, span_mask_of(prefixes(*[400] * 200, tokens=400), 0.65, 10, seeded()))


@pytest.mark.parametrize(("ratio", "span"), [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_impossible_spans_are_refused(ratio, span):
    with pytest.raises(RecipeError, match="spans hide"):
        span_mask_of(prefixes(5), ratio, span, seeded())


def test_coarse_masks_hide_whole_squares():
    hidden = coarse_mask(50, (6, 8), 2, 0.5, seeded()).view(50, 3, 2, 4, 2)
    assert torch.equal(hidden, hidden[:, :, :1, :, :1].expand_as(hidden))
    assert (hidden[:, :, 0, :, 0].flatten(1).sum(1) == 6).all()
    assert torch.equal(coarse_mask(4, (6, 8), 1, 0.5, seeded()), random_mask(4, (6, 8), 0.5, seeded()))
    assert coarse_mask(4, (7, 5), 3, 0.5, seeded()).shape == (4, 35)
    with pytest.raises(RecipeError, match="unit"):
        coarse_mask(4, (6, 8), 0, 0.5, seeded())
