"""Views of tasks: points change places with their targets, as many are known in each task, and at least one is asked for."""

import numpy as np
import pytest
import torch

from selflearn.data import read
from selflearn.errors import RecipeError
from selflearn.views import build, draw, flat, made_up, make_views, plain


@pytest.fixture(scope="module")
def dataset():
    return read("prior:gp", more={"points": 10, "tasks": 100})


def seen(dataset, seed=0, **options):
    return make_views(dataset.batch(np.arange(6)), build(dataset.spec, **options), torch.Generator().manual_seed(seed))[0]


def test_points_move_with_their_targets(dataset):
    before, after = dataset.batch(np.arange(6)), seen(dataset)
    order = after.changes["order"]
    assert torch.equal(before.targets.gather(1, order), after.targets)
    assert torch.equal(before.values[..., 0].gather(1, order), after.values[..., 0])
    assert torch.equal(order.sort(1).values, torch.arange(10).expand(6, -1))


def test_sizes_are_shared_within_a_batch_and_cover_all(dataset):
    drawn = [seen(dataset, seed).context for seed in range(200)]
    assert all(len(set(each.tolist())) == 1 for each in drawn)
    assert {int(each[0]) for each in drawn} == set(range(10))


def test_least_and_most_bound_the_context(dataset):
    assert {int(seen(dataset, seed, least=0.5, most=0.8).context[0]) for seed in range(50)} == {5, 6, 7}
    assert int(seen(dataset, least=1.0 - 1e-9, most=1.0).context[0]) == 9
    with pytest.raises(RecipeError, match="least"):
        build(dataset.spec, least=0.9, most=0.1)
    with pytest.raises(RecipeError, match="no size"):
        plain(dataset.spec, 3)


def test_plain_changes_nothing(dataset):
    batch = dataset.batch(np.arange(6))
    assert torch.equal(plain(dataset.spec)(batch, torch.Generator()).targets, batch.targets)
    assert torch.equal(flat(dataset.spec, batch), torch.from_numpy(dataset.raw(np.arange(6))))
    assert len(draw(dataset.spec, batch)) == 6
    assert made_up(dataset.spec, 3).targets.shape == (3, 10)
