"""The queue: last in stay in, nothing before it is open or full, and its state travels in a state dict."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.errors import RecipeError
from selflearn.targets import Queue


def rows(first, count):
    return torch.arange(first, first + count, dtype=torch.float32)[:, None]


@given(size=st.integers(1, 9), batches=st.lists(st.integers(1, 12), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_it_keeps_the_last_ones(size, batches):
    queue, first = Queue(size, 1), 0
    for count in batches:
        queue.add(rows(first, count))
        first += count
    kept = sorted(queue.vectors().flatten().tolist())
    assert kept == ([] if first < size else [float(row) for row in range(first - size, first)])


def test_nothing_is_kept_before_it_opens():
    queue = Queue(4, 1, opens=0.5)
    queue.add(rows(0, 4))
    queue.follow(0.49)
    queue.add(rows(0, 4))
    assert len(queue.vectors()) == 0
    queue.follow(0.5)
    queue.add(rows(7, 4))
    assert sorted(queue.vectors().flatten().tolist()) == [7, 8, 9, 10]


def test_its_state_travels():
    queue, other = Queue(4, 1, opens=0.1), Queue(4, 1, opens=0.1)
    queue.follow(0.2)
    queue.add(rows(0, 6))
    other.load_state_dict(queue.state_dict())
    for each in (queue, other):
        each.add(rows(6, 1))
    assert torch.equal(queue.vectors(), other.vectors())


def test_what_is_kept_is_detached():
    queue = Queue(2, 1)
    queue.add(rows(0, 2).requires_grad_())
    assert not queue.vectors().requires_grad


def test_the_nearest_points_most_the_same_way_whatever_its_length():
    queue = Queue(3, 2)
    asked = torch.tensor([[0.1, 2.0], [-3.0, 0.2]])
    assert torch.equal(queue.nearest(asked), asked)
    kept = torch.tensor([[9.0, 1.0], [0.0, 0.5], [-1.0, 0.0]])
    queue.add(kept)
    assert torch.equal(queue.nearest(asked), kept[[1, 2]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(queue.nearest(asked.bfloat16().requires_grad_()), kept[[1, 2]])


def test_an_empty_queue_is_refused():
    with pytest.raises(RecipeError, match="at least one"):
        Queue(0, 3)
