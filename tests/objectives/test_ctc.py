"""CTC: the sum over all alignments, which samples count, and what cannot be said."""

import itertools
import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import ctc


def by_hand(logits, symbols):
    """Minus the logarithm of the probability of the symbols, alignment by alignment."""
    shares, total = logits.softmax(1), 0.0
    for path in itertools.product(range(shares.shape[1]), repeat=len(shares)):
        said = [symbol for symbol, _ in itertools.groupby(path) if symbol]
        if said == symbols:
            total += math.prod(float(shares[place, symbol]) for place, symbol in enumerate(path))
    return -math.log(total)


@pytest.mark.parametrize("symbols", [[1], [1, 2], [2, 2], [1, 2, 1]])
def test_it_is_the_sum_over_all_alignments(symbols):
    logits = torch.randn(1, 5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    real = torch.ones(1, 5, dtype=torch.bool)
    expected = by_hand(logits[0], symbols) / len(symbols)
    assert float(ctc(logits, torch.tensor([symbols]), real)) == pytest.approx(expected, rel=1e-6)
    padded = torch.cat([logits, torch.randn(1, 3, 3, dtype=torch.float64)], dim=1)
    longer = torch.arange(8)[None] < 5
    assert float(ctc(padded, torch.tensor([[*symbols, 0, -1]]), longer)) == pytest.approx(expected, rel=1e-6)


def test_samples_without_symbols_have_no_part_and_impossible_ones_cost_nothing():
    logits = torch.randn(3, 4, 3, requires_grad=True)
    real = torch.ones(3, 4, dtype=torch.bool)
    alone = ctc(logits[:1], torch.tensor([[1, 2]]), real[:1])
    both = ctc(logits, torch.tensor([[1, 2], [0, 0], [-1, -1]]), real)
    assert float(alone.detach()) == pytest.approx(float(both.detach()))
    assert ctc(logits, torch.zeros(3, 2, dtype=torch.long), real) == 0
    too_long = ctc(logits[:1], torch.tensor([[1, 1, 1, 1]]), real[:1])  # needs three nothings between
    assert too_long == 0
    too_long.backward()
    assert not logits.grad.any()


def test_shapes_that_do_not_belong_together_are_named():
    with pytest.raises(RecipeError, match="real of"):
        ctc(torch.zeros(2, 4, 3), torch.ones(2, 2, dtype=torch.long), torch.ones(2, 3, dtype=torch.bool))
