"""Views of tables: columns keep their own distribution, missing cells are filled, nothing else moves."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.data.batch import Batch
from selflearn.data.tables import TableSpec
from selflearn.errors import RecipeError
from selflearn.views import build, make_views, plain
from selflearn.views.table import Corrupt, Hide, Jitter

SPEC = TableSpec.of_numbers(tuple("abcdefghij"), (0.0,) * 10, (1.0,) * 10)


def rows(samples: int, columns: int) -> Batch:
    values = torch.randn(samples, columns, generator=torch.Generator().manual_seed(4)) + 100 * torch.arange(columns)
    return Batch(values, torch.arange(samples), torch.full((samples,), -1))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(samples=st.integers(1, 30), columns=st.integers(1, 20), share=st.floats(0, 1), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_corruption_takes_the_stated_number_of_cells_from_the_same_column(
    samples: int, columns: int, share: float, seed: int
) -> None:
    raw = rows(samples, columns)
    view = Corrupt(share)(raw, generator(seed))
    corrupted = view.changes["corrupted"]
    assert (corrupted.sum(dim=1) == max(round(share * columns), share > 0)).all()
    assert torch.equal(view.values[~corrupted], raw.values[~corrupted])
    for column in range(columns):
        assert set(view.values[:, column].tolist()) <= set(raw.values[:, column].tolist())


def test_all_columns_are_corrupted_alike_and_donors_are_even() -> None:
    kept = Corrupt(0.25)(rows(4000, 8), generator()).changes
    assert torch.allclose(kept["corrupted"].float().mean(dim=0), torch.full((8,), 0.25), atol=4 * (0.1875 / 4000) ** 0.5)
    assert kept["donor"].float().mean() == pytest.approx(1999.5, rel=0.03)


def test_full_corruption_breaks_columns_relations() -> None:
    one = torch.randn(4000, 1, generator=generator(9))
    raw = Batch(one.expand(4000, 2).clone(), torch.arange(4000), torch.arange(4000))
    assert abs(torch.corrcoef(Corrupt(1.0)(raw, generator()).values.T)[0, 1]) < 4 / 4000**0.5


def test_noise_moves_numbers_and_no_categories():
    view = Jitter(0.1, numeric=(True, True, False))(rows(4000, 3), generator())
    moved = (view.values - rows(4000, 3).values).std(dim=0)
    assert torch.allclose(moved, torch.tensor([0.1, 0.1, 0.0]), rtol=0.05, atol=1e-3)


def test_hidden_cells_are_missing_and_one_is_always_left():
    view = Hide(1.0)(rows(50, 6), generator())
    assert (view.values.isnan().sum(dim=1) == 5).all()
    assert torch.equal(view.values.isnan(), view.changes["hidden"])


def test_infinite_cells_are_missing_ones():
    nan, inf = float("nan"), float("inf")
    raw = Batch(torch.tensor([[1.0, nan], [inf, 4.0]], dtype=torch.float64), torch.arange(2), torch.arange(2))
    view = plain(TableSpec.of_numbers(("a", "b"), (0.0, 2.0), (1.0, 1.0)))(raw, generator())
    assert torch.equal(view.values.isnan(), torch.tensor([[False, True], [True, False]]))
    assert view.values[0, 0] == 1.0
    assert view.values[1, 1] == 2.0
    with pytest.raises(RecipeError, match="3"):
        plain(TableSpec.of_numbers(tuple("abc"), (0.0,) * 3, (1.0,) * 3))(raw, generator())


@pytest.mark.parametrize("view", [Corrupt(0.5), Jitter(0.1, numeric=(True,) * 6), Hide(0.5)])
def test_the_generator_alone_decides_and_the_parameters_redo(view: Corrupt | Jitter | Hide) -> None:
    state, raw = torch.get_rng_state(), rows(12, 6)
    first, again, other = view(raw, generator(1)), view(raw, generator(1)), view(raw, generator(2))
    assert torch.equal(first.values.nan_to_num(), again.values.nan_to_num())
    assert not torch.equal(first.values.nan_to_num(), other.values.nan_to_num())
    assert torch.equal(view.apply(raw, first.changes).nan_to_num(), first.values.nan_to_num())
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("weeak", {}, "did you mean 'weak'"),
        ("standard", {"coruption": 0.1}, "did you mean 'corruption'"),
        ("standard", {"corruption": 1.1}, "corruption"),
        ("weak", {"noise": -1}, "noise"),
        ("standard", {"size": 32}, "size"),
        ("plain", {"noise": 0.1}, "noise"),
    ],
)
def test_what_is_wrong_is_named(name: str, options: dict, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        build(SPEC, name, **options)


def unit(samples: int, columns: int) -> Batch:
    values = torch.randn(samples, columns, generator=torch.Generator().manual_seed(4))
    return Batch(values, torch.arange(samples), torch.full((samples,), -1))


def test_standard_is_two_unlike_corrupted_views() -> None:
    raw = unit(200, 10)
    first, second = make_views(raw, build(SPEC), generator())
    for view in (first, second):
        assert (view.changes["corrupted"].sum(dim=1) == 3).all()
        cells = ~view.changes["corrupted"]
        assert (view.values - raw.values)[cells].std() == pytest.approx(0.05, rel=0.1)
    assert not torch.equal(first.values, second.values)


def test_weak_is_noise_and_plain_is_the_row_itself() -> None:
    raw = unit(20, 10)
    (weak,) = make_views(raw, build(SPEC, "weak", noise=0.5), generator())
    assert set(weak.changes) == {"noise"}
    assert torch.allclose(plain(SPEC)(raw, generator()).values, raw.values, atol=1e-6)
    (listed,) = make_views(raw, build(SPEC, "plain"), generator())
    assert torch.allclose(listed.values, raw.values, atol=1e-6)
