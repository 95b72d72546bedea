"""The table encoder standardises its columns itself."""

import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.tables import Column, TableSpec
from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, build, load_encoder, save_encoder
from selflearn.views import plain


def rows(values):
    return Batch(values, torch.arange(len(values)), torch.full((len(values),), -1))


def spec(mean, std):
    return TableSpec.of_numbers(tuple("abc"), mean, std)


def test_columns_of_any_scale_come_to_one():
    values = torch.randn(16, 3)
    scales = (spec((0.0,) * 3, (1.0,) * 3), spec((5.0, -1e6, 0.0), (1.0, 1e5, 1e-3)))
    other = values * torch.tensor([1.0, 1e5, 1e-3]) + torch.tensor([5.0, -1e6, 0.0])
    pooled = []
    for scale, cells in zip(scales, (values, other), strict=True):
        torch.manual_seed(0)
        encoder = build(scale, "mlp", width=8, depth=1)
        pooled.append(encoder(plain(scale)(rows(cells), torch.Generator())).pooled)
    torch.testing.assert_close(*pooled, rtol=1e-2, atol=1e-3)


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


def mixed():
    return TableSpec(
        columns=(
            Column(name="age", source="age", knots=(0.0, 2.0), levels=(-1.0, 1.0), gaps=0.1),
            Column(name="town", source="town", categories=("Ulm", "Graz", "Bern")),
        ),
        order=("age", "town"),
    )


CELLS = torch.tensor([[1.0, 1.0], [0.5, 3.0], [float("nan"), 2.0], [2.0, float("nan")]])


@pytest.mark.parametrize("name", ["mlp", "ft-transformer"])
def test_categories_and_missing_cells_have_vectors_of_their_own(name):
    encoder = build(mixed(), name).eval()
    base = encoder(rows(CELLS)).pooled
    assert base.isfinite().all()
    for place, value in ((1, 2.0), (1, float("nan")), (0, float("nan"))):
        changed = CELLS.clone()
        changed[0, place] = value
        assert not torch.allclose(encoder(rows(changed)).pooled[0], base[0])


def test_a_columns_token_tells_its_number_or_its_class():
    encoder = build(mixed(), "ft-transformer")
    content = encoder.token_content(rows(CELLS))
    numbers, classes = encoder.content_size()
    assert (numbers, content.values.shape) == (1, (4, 2, 1))
    assert content.classes.max() < classes
    assert content.classes[:, 0].tolist() == [-1, -1, 0, -1]  # a missing number is a class
    assert len(set(content.classes[:, 1].tolist())) == 4
    assert content.values[1, 0] == 0.5


@pytest.mark.parametrize("how", ["drop", "replace"])
def test_a_hidden_column_is_not_seen(how):
    encoder = build(mixed(), "ft-transformer").eval()
    mask = TokenMask(torch.tensor([[True, False]] * 4), how)
    other = CELLS.clone()
    other[:, 0] = 9.0
    assert torch.equal(encoder(rows(CELLS), mask).pooled, encoder(rows(other), mask).pooled)
    assert encoder(rows(CELLS), mask).tokens.shape[1] == (1 if how == "drop" else 2)


def test_extra_tokens_stand_for_no_column():
    """Each column attends to them, they are no tokens of the row, and a class token must be there to be pooled."""
    for extra in (0, 3):
        encoder = build(mixed(), "ft-transformer", extra=extra).train()
        features = encoder(rows(CELLS), TokenMask(torch.tensor([[True, False]] * 4)), layers=True)
        assert features.tokens.shape == features.layers[-1].shape == (4, 1, 64)
        features.pooled.sum().backward()
        assert all(weight.grad is not None for weight in encoder.parameters() if weight.numel())
    with pytest.raises(RecipeError, match="extra of at least 1"):
        build(mixed(), "ft-transformer", extra=0, pool="class")
