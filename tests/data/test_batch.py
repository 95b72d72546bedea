"""A batch: parts that fit are joined sample by sample, whatever fields they have."""

import torch

from selflearn.data.batch import Batch


def batch(rows, width=3, **more):
    return Batch(torch.randn(rows, width), torch.arange(rows), torch.full((rows,), -1), **more)


def test_joined_batches_hold_the_samples_of_each_in_order():
    first, second = batch(4, groups=torch.tensor([0, 0, 1, 1])), batch(4, groups=torch.tensor([2, 2, 3, 3]))
    whole = Batch.join([first, second])
    assert len(whole) == 8
    assert torch.equal(whole.select(torch.arange(4, 8)).values, second.values)
    assert whole.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_batches_fit_where_scope_and_shapes_are_equal():
    assert batch(4).fits(batch(4))
    assert not batch(4).fits(batch(4, width=5))
    assert not batch(4).fits(batch(4, scope="local"))
    assert not batch(4).fits(batch(4, groups=torch.zeros(4)))
