from __future__ import annotations

from itertools import chain, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from selflearn.data import BatchStream, read, subset
from selflearn.data.samplers import Blocks, Drawn
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


def in_blocks(samples: int, block: int, window: int) -> Blocks:
    return Blocks((np.arange(samples) // block).astype(np.int32), window)


@given(
    samples=st.integers(8, 120),
    block=st.integers(1, 30),
    window=st.integers(1, 6),
    start=st.integers(0, 30),
    world=st.integers(1, 3),
)
def test_blocks_change_the_order_and_no_other_law(samples: int, block: int, window: int, start: int, world: int) -> None:
    blocks = in_blocks(samples, block, window)
    whole = first(BatchStream(samples, 4 * world, 1, blocks=blocks), start + 3)
    assert first(BatchStream(samples, 4 * world, 1, start=start, blocks=blocks), 3) == whole[start:]
    if samples >= 4 * world:
        shares = [first(BatchStream(samples, 4, 1, rank=rank, world=world, blocks=blocks), 5) for rank in range(world)]
        assert [[*chain(*parts)] for parts in zip(*shares, strict=True)] == first(
            BatchStream(samples, 4 * world, 1, blocks=blocks), 5
        )
    stream = BatchStream(samples, 4, 2, blocks=blocks)
    epoch = [*chain(*first(stream, stream.epoch_length))]
    assert len(epoch) == len(set(epoch)) == stream.epoch_length * stream.size


def test_only_a_window_of_blocks_is_wanted_at_a_time_and_the_next_are_named_in_time() -> None:
    blocks = in_blocks(400, 10, 4)
    stream = BatchStream(400, 8, 0, blocks=blocks)
    seen, windows, announced = set[int](), list[set[int]](), set[int]()
    for batch in first(stream, stream.epoch_length):
        assert isinstance(batch, Drawn)
        wanted = set(blocks.of[batch].tolist())
        assert wanted <= set(batch.ahead)
        assert len(batch.ahead) <= 8
        assert not seen or wanted - seen <= announced, "a block came that was not named before"
        announced = set(batch.ahead)
        seen |= wanted
        windows.append(wanted)
    assert all(len(each) <= 8 for each in windows)
    assert len(seen) == 40
    orders = [first(BatchStream(400, 8, 0, start=epoch * stream.epoch_length, blocks=blocks), 1)[0] for epoch in range(2)]
    assert set(blocks.of[orders[0]].tolist()) != set(blocks.of[orders[1]].tolist())


def test_data_of_one_window_is_shuffled_as_if_it_had_no_blocks() -> None:
    plain = first(BatchStream(90, 8, 3), 30)
    assert first(BatchStream(90, 8, 3, blocks=in_blocks(90, 10, 9)), 30) == plain
    assert first(BatchStream(90, 8, 3, blocks=in_blocks(90, 10, 3)), 30) != plain


def test_a_part_of_the_data_keeps_its_blocks(few_digits) -> None:
    data = read(few_digits)
    data.blocks = in_blocks(len(data), 20, 2)
    part = subset(data, np.arange(10, 50))
    assert part.blocks is not None
    assert part.blocks.of.tolist() == [0] * 10 + [1] * 20 + [2] * 10
