"""Streaming embedding: eval mode inside, the former mode after, one row a sample in order, the same every time."""

import numpy as np
import pytest
import torch

from selflearn.data import read, subset
from selflearn.networks import Encoder, Features
from selflearn.training import embed
from selflearn.views import plain


@pytest.fixture
def encoder(world):
    torch.manual_seed(0)
    return world.VectorEncoder()


@pytest.mark.parametrize("training", [True, False])
def test_modes_and_statistics_are_as_before(world, encoder, training):
    encoder.train(training)
    encoder.net[3].eval()  # one module in a mode of its own
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    modes = [module.training for module in encoder.modules()]
    embed(encoder, world.Vectors(), world.plain)
    assert [module.training for module in encoder.modules()] == modes
    assert all(torch.equal(tensor, before[name]) for name, tensor in encoder.state_dict().items())


def test_a_mode_is_restored_even_when_the_view_fails(world, encoder):
    encoder.train()

    def broken(batch, generator):
        raise LookupError("no such view")

    with pytest.raises(LookupError):
        embed(encoder, world.Vectors(), broken)
    assert encoder.training


def test_rows_are_the_samples_in_order_in_eval_mode(world, encoder):
    data = world.Vectors(70)
    vectors = embed(encoder, data, world.plain, batch=16)
    encoder.eval()
    with torch.no_grad():
        expected = encoder(data.batch(np.arange(70))).pooled.numpy()
    assert vectors.shape == (70, encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, expected, rtol=1e-5, atol=1e-6)


def test_a_seed_gives_the_same_views_and_another_gives_others(world, encoder):
    data = world.Vectors()
    first, again, other = (embed(encoder, data, world.noisy, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_progress_counts_to_the_end(world, encoder):
    seen = []
    embed(encoder, world.Vectors(40), world.plain, batch=16, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(16, 40), (32, 40), (40, 40)]


def test_in_double_an_embedding_does_not_depend_on_its_batch_and_the_encoder_is_left_as_it_was():
    from selflearn.data import read
    from selflearn.networks import build
    from selflearn.views import plain

    dataset = read(np.random.default_rng(0).normal(size=(50, 7)), cache=False)
    encoder = build(dataset.spec, "mlp", width=16, depth=1)
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    whole = embed(encoder, dataset, plain(dataset.spec), precision="64")
    one_by_one = embed(encoder, dataset, plain(dataset.spec), precision="64", batch=1)
    assert whole.dtype == np.float64
    np.testing.assert_allclose(whole, one_by_one, rtol=1e-12, atol=1e-14)
    assert all(value.equal(before[name]) and value.dtype == before[name].dtype for name, value in encoder.state_dict().items())


def test_data_that_every_batch_holds_whole_is_embedded_at_once():
    ring = np.stack([np.arange(20), (np.arange(20) + 1) % 20])
    dataset = read({"edges": ring, "features": np.random.default_rng(0).normal(size=(20, 3))})
    drawn = []

    class Counting(Encoder):
        def __init__(self):
            super().__init__()
            self.dim, self.settings = 3, {"name": "counting"}

        def forward(self, batch, mask=None, layers=False):
            drawn.append(len(batch))
            return Features(batch.values[batch.seeds])

    assert embed(Counting(), dataset, plain(dataset.spec), batch=4).shape == (20, 3)
    few = embed(Counting(), subset(dataset, [5, 2]), plain(dataset.spec), batch=1)
    assert drawn == [20, 2]
    assert few.shape == (2, 3)
