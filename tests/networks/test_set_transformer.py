"""The set transformer: order tells nothing, queries are told from the context alone, and an empty context is one, too."""

import numpy as np
import pytest
import torch

from selflearn.data import read
from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, build, load_encoder, save_encoder


@pytest.fixture(scope="module")
def dataset():
    return read("prior:gp", more={"points": 16, "bars": 8, "tasks": 100})


@pytest.fixture(scope="module")
def encoder(dataset):
    torch.manual_seed(0)
    return build(dataset.spec, "set-transformer", width=16, depth=2, heads=2).eval()


def told(encoder, batch):
    with torch.no_grad():
        return encoder.answers(batch).logits


def known(batch, count):
    return batch.replace(context=torch.full_like(batch.context, count))


def test_the_order_of_the_context_tells_nothing(dataset, encoder):
    batch = known(dataset.batch(np.arange(5)), 10)
    order = torch.cat([torch.randperm(10, generator=torch.Generator().manual_seed(0)), torch.arange(10, 16)])
    mixed = batch.replace(values=batch.values[:, order], targets=batch.targets[:, order])
    torch.testing.assert_close(told(encoder, mixed)[:, 10:], told(encoder, batch)[:, 10:], rtol=1e-4, atol=1e-5)


def test_a_query_is_told_alone_and_its_target_is_not_seen(dataset, encoder):
    batch = known(dataset.batch(np.arange(5)), 10)
    changed = batch.replace(targets=torch.where(batch.asked, 99.0, batch.targets))
    assert torch.equal(told(encoder, changed), told(encoder, batch))
    single = batch.replace(values=batch.values[:, :11], targets=batch.targets[:, :11])
    torch.testing.assert_close(told(encoder, single)[:, 10], told(encoder, batch)[:, 10], rtol=1e-4, atol=1e-5)


def test_contexts_of_several_sizes_in_one_batch_are_as_each_alone(dataset, encoder):
    batch = dataset.batch(np.arange(8))
    assert len(set(batch.context.tolist())) > 2
    together = told(encoder, batch)
    for row, count in enumerate(batch.context.tolist()):
        alone = told(encoder, batch.select(torch.tensor([row])))
        torch.testing.assert_close(together[row, count:], alone[0, count:], rtol=1e-4, atol=1e-5)


def test_what_is_known_matters_and_nothing_known_is_a_context_too(dataset, encoder):
    batch = dataset.batch(np.arange(4))
    nothing, more = told(encoder, known(batch, 0)), told(encoder, known(batch, 8))
    assert nothing.isfinite().all()
    assert not torch.allclose(nothing[:, 8:], more[:, 8:])


def test_it_is_stored_and_answers_the_same(dataset, encoder, tmp_path):
    save_encoder(encoder, tmp_path)
    batch = dataset.batch(np.arange(4))
    assert torch.equal(told(load_encoder(tmp_path), batch), told(encoder, batch))


def test_what_it_cannot_read_is_refused(dataset, encoder):
    batch = dataset.batch([0])
    with pytest.raises(RecipeError, match="1 features, not 2"):
        encoder(batch.replace(values=batch.values.repeat(1, 1, 2)))
    with pytest.raises(RecipeError, match="hides targets"):
        encoder(batch, TokenMask(torch.zeros(1, 16, dtype=torch.bool)))
    with pytest.raises(RecipeError, match="answers nothing"):
        build(read(np.random.default_rng(0).normal(size=(20, 3))).spec, "mlp").answers(batch)
