"""Mixing: the share that is stated is the share that is there, on vectors, series, pictures and scans."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.views.mixing import CutMix, Mixup, mix_targets

SHAPES = [(3, 17), (2, 9, 14), (1, 6, 7, 5)]


def numbered(samples: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Batch:
    """Every value of a sample is the sample's own number."""
    values = torch.arange(samples, dtype=dtype).view(-1, *[1] * len(shape)).expand(samples, *shape).clone()
    return Batch(values, torch.arange(samples), torch.arange(samples))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(5,), *SHAPES])
def test_mixup_is_the_weighted_mean_with_the_partner(shape: tuple[int, ...]) -> None:
    view = Mixup(0.4)(numbered(20, shape), generator())
    partner, weight = view.changes["partner"], view.changes["weight"]
    assert sorted(partner.tolist()) == list(range(20))
    expected = weight * torch.arange(20) + (1 - weight) * partner
    assert torch.allclose(view.values.flatten(1), expected[:, None].expand(20, view.values[0].numel()), atol=1e-5)
    assert torch.allclose(mix_targets(torch.arange(20.0), view.changes), expected, atol=1e-5)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 4.0])
def test_weights_have_the_moments_of_the_beta_distribution(alpha: float) -> None:
    weight = Mixup(alpha)(numbered(5000, (1,)), generator()).changes["weight"]
    variance = 1 / (4 * (2 * alpha + 1))
    assert weight.mean() == pytest.approx(0.5, abs=4 * (variance / 5000) ** 0.5)
    assert weight.var() == pytest.approx(variance, rel=0.1)


@given(
    shape=st.sampled_from(SHAPES) | st.tuples(st.integers(1, 4), st.integers(1, 30), st.integers(1, 30)),
    alpha=st.floats(0.1, 5),
    seed=st.integers(0, 999),
)
@settings(max_examples=60, deadline=None)
def test_cutmix_keeps_exactly_the_stated_share_and_one_box(shape: tuple[int, ...], alpha: float, seed: int) -> None:
    view = CutMix(alpha)(numbered(12, shape), generator(seed))
    for row, (values, partner, weight, box) in enumerate(
        zip(view.values, view.changes["partner"], view.changes["weight"], view.changes["box"], strict=True)
    ):
        expected = torch.full(shape, float(row))
        start, stop = box.tolist()[: len(shape) - 1], box.tolist()[len(shape) - 1 :]
        expected[(slice(None), *(slice(a, b) for a, b in zip(start, stop, strict=True)))] = float(partner)
        assert torch.equal(values, expected)
        foreign = (values == partner).float().mean() if partner != row else 1 - weight
        assert 1 - foreign == pytest.approx(float(weight), abs=1e-5)


def test_cutmix_takes_raw_pictures_and_mixup_refuses_them() -> None:
    raw = numbered(6, (3, 8, 8), torch.uint8)
    assert CutMix()(raw, generator()).values.dtype == torch.uint8
    with pytest.raises(RecipeError, match="uint8"):
        Mixup()(raw, generator())


def test_padded_samples_are_real_where_either_is() -> None:
    lengths = torch.tensor([1, 4, 2, 3])
    mask = torch.arange(4)[None] < lengths[:, None]
    raw = numbered(4, (4, 2)).replace(lengths=lengths, mask=mask)
    view = Mixup()(raw, generator())
    partner = view.changes["partner"]
    assert torch.equal(view.mask, mask | mask[partner])
    assert torch.equal(view.lengths, torch.maximum(lengths, lengths[partner]))
    assert torch.equal(raw.mask, mask)
    with pytest.raises(RecipeError, match="padded"):
        CutMix()(raw, generator())


def test_vectors_have_no_box() -> None:
    with pytest.raises(RecipeError, match="Mixup"):
        CutMix()(numbered(4, (7,)), generator())


@pytest.mark.parametrize("view", [Mixup(), CutMix()])
def test_the_generator_alone_decides_and_the_parameters_redo(view: Mixup | CutMix) -> None:
    state = torch.get_rng_state()
    raw = numbered(16, (3, 12, 12))
    first, again, other = view(raw, generator(1)), view(raw, generator(1)), view(raw, generator(2))
    assert torch.equal(first.values, again.values)
    assert not torch.equal(first.values, other.values)
    assert torch.equal(view.apply(raw, first.changes), first.values)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("view", [Mixup, CutMix])
@pytest.mark.parametrize("alpha", [0, -1, "1"])
def test_impossible_parameters_are_refused(view: type, alpha: float) -> None:
    with pytest.raises(RecipeError, match="alpha"):
        view(alpha)
