"""Token masks over a grid, for a whole batch, from a given generator. Every row hides exactly the same number of tokens."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from selflearn.errors import RecipeError


def random_mask(samples: int, grid: Sequence[int], ratio: float, generator: torch.Generator) -> Tensor:
    """Hide a uniformly drawn subset of tokens.

    He et al., Masked Autoencoders Are Scalable Vision Learners, 2022.

    Parameters
    ----------
    samples : rows of the mask.
    grid : cells along each axis of the token grid.
    ratio : share of tokens to hide, in (0, 1); their number is rounded.
    generator : source of randomness; the mask lies on its device.

    Returns
    -------
    (samples, tokens) bool, True where hidden; each row hides the same number.
    """
    tokens = math.prod(grid)
    scores = torch.rand(samples, tokens, generator=generator, device=generator.device)
    return _lowest(scores, _hidden_count(tokens, ratio))


def random_mask_of(real: Tensor, ratio: float, generator: torch.Generator) -> Tensor:
    """Hide a uniformly drawn subset of the real tokens of each row, where rows differ in length.

    Parameters
    ----------
    real : (samples, tokens) bool, True where a token is no padding.
    ratio : share of each row's tokens to hide, in (0, 1); their number is rounded, but at least one is hidden and one is left
        wherever there are two.
    generator : source of randomness.

    Returns
    -------
    (samples, tokens) bool, True where hidden; on the device of `real`. A row with a single token hides nothing.
    """
    if not 0 < ratio < 1:
        raise RecipeError(f"a mask hides a share of the tokens above 0 and below 1, not {ratio}")
    scores = torch.rand(real.shape, generator=generator, device=generator.device).to(real.device)
    count = real.sum(dim=1)
    hidden = torch.minimum((count * ratio).round().clamp(min=1), count - 1)
    ranks = scores.masked_fill(~real, 2.0).argsort(dim=1).argsort(dim=1)
    return (ranks < hidden[:, None]) & real


def span_mask_of(real: Tensor, ratio: float, span: int, generator: torch.Generator) -> Tensor:
    """Hide spans of each row's real tokens, which may overlap, where rows differ in length.

    Baevski et al., wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations, 2020, with the starts drawn
    without replacement, as many in each row as its length asks for.

    Parameters
    ----------
    real : (samples, tokens) bool, True where a token is no padding; what is real comes first.
    ratio : share of the tokens that would be hidden if no spans overlapped, above 0 and below 1.
    span : tokens of a span, at least 1; in short rows at most half of the row.
    generator : source of randomness.

    Returns
    -------
    (samples, tokens) bool, True where hidden; on the device of `real`. At least one token is hidden and one is left wherever there
    are two.
    """
    if not 0 < ratio < 1 or span < 1:
        raise RecipeError(
            f"spans hide a share of the tokens above 0 and below 1 in runs of at least 1, not {ratio} in runs of {span}"
        )
    scores = torch.rand(real.shape, generator=generator, device=generator.device).to(real.device)
    counts = real.sum(dim=1, keepdim=True)
    length = (counts // 2).clamp(min=1, max=span)
    wanted = (counts * ratio / length).round().clamp(min=1)
    place = torch.arange(real.shape[1], device=real.device)
    able = place <= counts - length
    starts = (scores.masked_fill(~able, 2.0).argsort(dim=1).argsort(dim=1) < wanted) & able
    begun = starts.long().cumsum(dim=1)
    ended = begun.gather(1, (place - length).clamp(min=0)).where(place >= length, 0)
    hidden = (begun > ended) & real
    left = scores.masked_fill(~real, -1.0).argmax(dim=1, keepdim=True)  # of rows that spans would hide whole
    whole = (hidden.sum(dim=1, keepdim=True) == counts) & (place == left)
    return hidden & ~whole


def coarse_mask(samples: int, grid: Sequence[int], unit: int, ratio: float, generator: torch.Generator) -> Tensor:
    """Hide a uniformly drawn subset of squares of tokens: a patch of the mask holds several of the encoder's.

    Xie et al., SimMIM: A Simple Framework for Masked Image Modeling, 2022.

    Parameters
    ----------
    samples, ratio, generator : as in `random_mask`, of squares.
    grid : cells along each axis of the token grid.
    unit : tokens along each side of a square, at least 1; at the far borders squares are cut off.

    Returns
    -------
    (samples, tokens) bool, True where hidden. Rows hide the same number where `unit` divides the grid.
    """
    if unit < 1:
        raise RecipeError(f"a unit of a mask has at least 1 token on each side, not {unit}")
    hidden = random_mask(samples, [-(-cells // unit) for cells in grid], ratio, generator)
    hidden = hidden.unflatten(1, [-(-cells // unit) for cells in grid])
    for axis, cells in enumerate(grid, start=1):
        hidden = hidden.repeat_interleave(unit, dim=axis).narrow(axis, 0, cells)
    return hidden.flatten(1)


def borrow(hidden: Tensor, real: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Which hidden tokens show another token of their row, and which one.

    Devlin et al. (BERT, 2019) show a random word at a tenth of the hidden places, Hou et al. (GraphMAE, 2022) another node.

    Parameters
    ----------
    hidden, real : (samples, tokens) bool.
    share : of the hidden tokens, each by chance.
    generator : source of randomness.

    Returns
    -------
    (samples, tokens) int64: a real token of the row, drawn uniformly; -1 for tokens that borrow nothing.
    """
    chance = torch.rand((2, *hidden.shape), generator=generator, device=generator.device).to(hidden.device)
    counts = real.sum(dim=1, keepdim=True)
    order = real.to(torch.uint8).argsort(dim=1, descending=True, stable=True)  # the real ones first
    lender = order.gather(1, (chance[1] * counts).long().clamp(max=(counts - 1).clamp(min=0)))
    return torch.where(hidden & (chance[0] < share), lender, -1)


def block_mask(
    samples: int,
    grid: Sequence[int],
    ratio: float,
    generator: torch.Generator,
    blocks: int = 1,
    aspect: tuple[float, float] = (0.75, 1.5),
) -> Tensor:
    """Hide tokens in rectangles: around random centres, rectangles grow together until exactly `ratio` is hidden.

    The rectangles of BEiT (Bao et al., 2022) and I-JEPA (Assran et al., 2023), but with the same number hidden in every row,
    so that a batch can leave hidden tokens out. The last ring of a rectangle may be partly hidden. A block at the border is
    cut off there and the others grow for it.

    Parameters
    ----------
    samples, ratio, generator : as in `random_mask`.
    grid : (rows, columns), or (length,) for spans of a sequence.
    blocks : rectangles in each row, at least 1; they may overlap.
    aspect : range of height / width, drawn log-uniformly for each rectangle.

    Returns
    -------
    (samples, tokens) bool, True where hidden.
    """
    count = _hidden_count(math.prod(grid), ratio)
    if blocks < 1 or len(grid) > 2 or not 0 < aspect[0] <= aspect[1]:
        raise RecipeError(
            f"block masks need blocks >= 1 (not {blocks}), a grid of one or two axes (not {len(grid)}) "
            f"and 0 < aspect from <= to (not {aspect})"
        )

    def draw() -> Tensor:
        return torch.rand(samples, blocks, 1, generator=generator, device=generator.device)

    rows, columns = (1, *grid)[-2:]
    low, high = math.log(aspect[0]), math.log(aspect[1])
    stretch = torch.exp((low + (high - low) * draw()) / 2)
    cells = torch.arange(rows * columns, device=generator.device)
    from_row = (cells // columns + 0.5 - draw() * rows).abs() / stretch
    from_column = (cells % columns + 0.5 - draw() * columns).abs() * stretch
    return _lowest(torch.maximum(from_row, from_column).amin(dim=1), count)


def complementary_masks(samples: int, grid: Sequence[int], parts: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Random masks that share the tokens out: each token is hidden in exactly one of `parts` masks.

    Where `parts` does not divide the number of tokens, the first masks hide one token more. `~mask` shows each token exactly
    once instead.

    Returns
    -------
    `parts` masks of (samples, tokens) bool.
    """
    tokens = math.prod(grid)
    if not 2 <= parts <= tokens:
        raise RecipeError(f"complementary masks need between 2 and {tokens} parts (the number of tokens), not {parts}")
    ranks = torch.rand(samples, tokens, generator=generator, device=generator.device).argsort(dim=1)
    return tuple(ranks % parts == part for part in range(parts))


def visible_index(hidden: Tensor) -> Tensor:
    """(batch, tokens) bool to (batch, visible) int64: where the visible tokens stand, in order.

    Raises
    ------
    RecipeError : rows hide different numbers of tokens, so that no rectangular batch of visible tokens exists.
    """
    counts = hidden.sum(dim=1)
    if len(counts) and bool((counts != counts[0]).any()):
        raise RecipeError(
            f"to drop tokens every row must hide the same number, not between {int(counts.min())} and {int(counts.max())}; "
            'use how="replace", or a mask with equal rows such as random_mask'
        )
    visible = hidden.shape[1] - int(counts[0]) if len(counts) else 0
    return hidden.to(torch.uint8).argsort(dim=1, stable=True)[:, :visible]


def _lowest(scores: Tensor, count: int) -> Tensor:
    chosen = scores.topk(count, dim=1, largest=False).indices
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(1, chosen, True)


def _hidden_count(tokens: int, ratio: float) -> int:
    count = round(tokens * ratio) if 0 < ratio < 1 else 0
    if not 0 < count < tokens:
        raise RecipeError(
            f"a mask with ratio {ratio} over {tokens} tokens would hide {'nothing' if ratio < 0.5 else 'everything'}; choose a "
            f"ratio that hides between 1 and {tokens - 1} of them, or have more tokens (a smaller 'patch', larger views)"
        )
    return count
