from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from selflearn.data import BatchStream, read
from selflearn.errors import DataError


def first(stream: BatchStream, count: int) -> list[list[int]]:
    return list(islice(stream, count))


@given(samples=st.integers(1, 60), batch=st.integers(1, 20), start=st.integers(0, 50), seed=st.integers(0, 5))
def test_a_stream_that_starts_late_continues_the_whole_one(samples: int, batch: int, start: int, seed: int) -> None:
    whole = first(BatchStream(samples, batch, seed), start + 5)
    assert first(BatchStream(samples, batch, seed, start=start), 5) == whole[start:]


@given(samples=st.integers(4, 60), batch=st.integers(1, 20), world=st.integers(1, 4))
def test_ranks_share_every_batch_equally_and_without_overlap(samples: int, batch: int, world: int) -> None:
    shares = [first(BatchStream(samples, batch, 0, rank=rank, world=world), 6) for rank in range(world)]
    for together in zip(*shares, strict=True):
        assert len({len(share) for share in together}) == 1
        drawn = [each for share in together for each in share]
        assert len(drawn) == len(set(drawn))
        assert set(drawn) <= set(range(samples))


def test_ranks_together_see_what_one_process_with_the_whole_batch_sees() -> None:
    alone = first(BatchStream(40, 8, 3), 7)
    shares = [first(BatchStream(40, 4, 3, rank=rank, world=2), 7) for rank in range(2)]
    assert [left + right for left, right in zip(*shares, strict=True)] == alone


def test_an_epoch_holds_no_sample_twice_and_leaves_out_less_than_a_batch() -> None:
    stream = BatchStream(50, 8, 0)
    epoch = [each for batch in first(stream, stream.epoch_length) for each in batch]
    assert len(epoch) == len(set(epoch)) == 48


def test_over_epochs_all_samples_come_equally_often() -> None:
    counts = np.bincount([each for batch in first(BatchStream(11, 4, 0), 2 * 500) for each in batch], minlength=11)
    expected = 500 * 8 / 11
    assert np.abs(counts - expected).max() < 5 * np.sqrt(500 * (8 / 11) * (3 / 11))


def test_fewer_samples_than_a_batch_are_the_whole_batch() -> None:
    for batch in first(BatchStream(5, 64, 0), 3):
        assert sorted(batch) == [0, 1, 2, 3, 4]


def test_seeds_differ() -> None:
    assert first(BatchStream(100, 10, 0), 1) != first(BatchStream(100, 10, 1), 1)


def test_it_drives_a_data_loader() -> None:
    digits = read("digits")
    loader = DataLoader(digits, batch_sampler=BatchStream(len(digits), 16, 0), collate_fn=lambda batch: batch)
    batch = next(iter(loader))
    assert batch.values.shape == (16, 1, 8, 8)
    assert batch.index.tolist() == first(BatchStream(len(digits), 16, 0), 1)[0]


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"start": -1}, {"rank": 2, "world": 2}, {"samples": 1, "world": 2}])
def test_impossible_numbers_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(DataError):
        BatchStream(**{"samples": 10, "batch": 2, "seed": 0, **wrong})
