"""One function makes the projectors of the publications."""

import pytest
import torch
from torch import nn

from selflearn.errors import RecipeError
from selflearn.networks import PrototypeLayer, mlp


def kinds(head):
    return [type(layer).__name__ for layer in head]


def test_simclr():
    head = mlp([8, 6, 4], last_norm=True)
    assert kinds(head) == ["Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d"]
    assert all(layer.bias is None for layer in head if isinstance(layer, nn.Linear))
    assert head(torch.randn(5, 8)).shape == (5, 4)


def test_barlow_twins_and_vicreg():
    head = mlp([8, 6, 6, 6], bias=False)
    assert kinds(head) == ["Linear", "BatchNorm1d", "ReLU"] * 2 + ["Linear"]
    assert all(layer.bias is None for layer in head if isinstance(layer, nn.Linear))


def test_byol():
    head = mlp([8, 6, 4])
    assert kinds(head) == ["Linear", "BatchNorm1d", "ReLU", "Linear"]
    assert head[-1].bias is not None


def test_simsiam_outputs_are_standardised():
    head = mlp([8, 6, 6, 4], last_norm=True, last_affine=False)
    assert list(head[-1].parameters()) == []
    assert list(head[1].parameters()) != []
    output = head(torch.randn(64, 8))
    torch.testing.assert_close(output.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(output.std(0, correction=0), torch.ones(4), atol=1e-3, rtol=0)


def test_dino():
    head = nn.Sequential(mlp([8, 6, 6, 4], norm=None, activation="gelu"), PrototypeLayer(4, 32))
    assert kinds(head[0]) == ["Linear", "GELU", "Linear", "GELU", "Linear"]
    assert head(torch.randn(5, 8)).shape == (5, 32)


def test_layer_norm():
    assert kinds(mlp([8, 6, 4], norm="layer")) == ["Linear", "LayerNorm", "ReLU", "Linear"]


def test_prototypes_are_cosines():
    layer = PrototypeLayer(6, 5)
    vectors = torch.randn(4, 6)
    expected = torch.nn.functional.cosine_similarity(vectors[:, None], layer.weight[None], dim=2)
    torch.testing.assert_close(layer(vectors), expected)
    torch.testing.assert_close(layer(7 * vectors), expected)
    with torch.no_grad():
        layer.weight.mul_(3)
    torch.testing.assert_close(layer(vectors), expected)
    torch.testing.assert_close(layer(layer.weight).diagonal(), torch.ones(5))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([8],), "two sizes"),
        (([8, 0],), "at least 1"),
        (([8, 4], "group"), "norm = 'group'"),
        (([8, 4], None, False, True, "tanh"), "tanh"),
    ],
)
def test_impossible_heads(arguments, message):
    with pytest.raises(RecipeError, match=message):
        mlp(*arguments)
