"""Reading symbols: repeats, nothings, alignments that add up; and edits by hand."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.measures.transcripts import edits, error_rate, read_by_beam, read_greedily


def test_repeats_are_one_and_nothings_part_them():
    said = torch.tensor([[0, 1, 1, 0, 1, 2, 2, 0], [2, 2, 0, 0, 3, 0, 1, 1]])
    logits = 5 * torch.nn.functional.one_hot(said, 4).float()
    real = torch.arange(8) < torch.tensor([8, 5])[:, None]
    for read in (read_greedily, read_by_beam):
        assert read(logits, real) == [[1, 1, 2], [2, 3]]


def test_a_beam_finds_what_is_likeliest_over_all_alignments():
    shares = torch.tensor([[0.6, 0.4], [0.6, 0.4]])  # nothing twice has .36, the symbol in three ways .64
    logits, real = shares.log()[None], torch.ones(1, 2, dtype=torch.bool)
    assert read_greedily(logits, real) == [[]]
    assert read_by_beam(logits, real) == [[1]]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_wide_beam_is_exact(seed):
    logits = 2 * torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(seed))
    shares, mass = logits[0].softmax(1), {}
    for path in itertools.product(range(3), repeat=4):
        said = tuple(symbol for symbol, _ in itertools.groupby(path) if symbol)
        mass[said] = mass.get(said, 0.0) + float(torch.stack([shares[place, each] for place, each in enumerate(path)]).prod())
    assert tuple(read_by_beam(logits, torch.ones(1, 4, dtype=torch.bool), beam=1000)[0]) == max(mass, key=mass.__getitem__)


def test_long_sequences_do_not_vanish():
    logits = torch.zeros(1, 3000, 3)
    logits[0, ::2, 0] = 9
    logits[0, 1::2, 2] = 9
    assert read_by_beam(logits, torch.ones(1, 3000, dtype=torch.bool), beam=2)[0] == [2] * 1500


@pytest.mark.parametrize(
    ("told", "true", "count"), [("", "", 0), ("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("flaw", "lawn", 2)]
)
def test_edits(told, true, count):
    assert edits(told, true) == edits(true, told) == count


def test_the_error_rate_is_of_all_symbols_together():
    assert error_rate(["ab", ""], ["ab", "cd"]) == 0.5
    assert error_rate(["aaaa"], ["b"]) == 4
    assert error_rate([], []) != error_rate([], [])  # not a number
