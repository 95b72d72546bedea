"""The table encoder standardises its columns itself."""

import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.table import TableSpec
from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, build, load_encoder, save_encoder


def rows(values):
    return Batch(values, torch.arange(len(values)), torch.full((len(values),), -1))


def spec(mean, std):
    return TableSpec(columns=tuple("abc"), mean=mean, std=std)


def test_columns_of_any_scale():
    values = torch.randn(16, 3)
    torch.manual_seed(0)
    plain = build(spec((0.0,) * 3, (1.0,) * 3), "mlp", width=8, depth=1)
    torch.manual_seed(0)
    scaled = build(spec((5.0, -1e6, 0.0), (1.0, 1e5, 1e-3)), "mlp", width=8, depth=1)
    other = values * torch.tensor([1.0, 1e5, 1e-3]) + torch.tensor([5.0, -1e6, 0.0])
    torch.testing.assert_close(plain(rows(values)).pooled, scaled(rows(other)).pooled, rtol=1e-2, atol=1e-3)


def test_stored_and_loaded(tmp_path):
    encoder = build(spec((1.0,) * 3, (2.0,) * 3), "mlp", width=8)
    encoder(rows(torch.randn(9, 3)))
    save_encoder(encoder, tmp_path)
    values = rows(torch.randn(4, 3))
    assert torch.equal(load_encoder(tmp_path)(values).pooled, encoder.eval()(values).pooled)
    assert encoder(values).pooled.shape == (4, encoder.dim)


def test_no_tokens():
    encoder = build(spec((1.0,) * 3, (2.0,) * 3), "mlp", width=8)
    with pytest.raises(RecipeError, match="cannot hide tokens"):
        encoder(rows(torch.randn(4, 3)), TokenMask(torch.zeros(4, 3, dtype=torch.bool)))
