"""What every kind's views obey: known names, options with the nearest right one, the given generator and nothing else."""

import doctest
import importlib

import numpy as np
import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageSpec
from selflearn.data.spec import Spec
from selflearn.errors import RecipeError
from selflearn.views import Compose, build, make_views, plain
from selflearn.views.image import Blur, Colour, Geometry, Solarise

PICTURES = ImageSpec(channels=3, height=64, width=64, mean=(0.5,) * 3, std=(0.2,) * 3, colour=True)
NAMES = ["standard", "simclr", "byol", "dino", "multicrop", "weak", "plain"]


def batch(samples: int = 8, spec: ImageSpec = PICTURES) -> Batch:
    values = torch.randint(0, 256, (samples, spec.channels, spec.height, spec.width), generator=torch.Generator().manual_seed(5))
    return Batch(values=values.to(torch.uint8), index=torch.arange(samples), labels=torch.full((samples,), -1))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", NAMES)
def test_a_list_is_a_function_of_the_batch_and_the_generator(name: str) -> None:
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    raw = batch()
    kept = raw.values.clone()
    first, again, other = (make_views(raw, build(PICTURES, name), generator(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(a.values, b.values) for a, b in zip(first, again, strict=True))
    assert name == "plain" or not any(torch.equal(a.values, b.values) for a, b in zip(first, other, strict=True))
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002
    assert torch.equal(raw.values, kept)
    assert not raw.changes


@pytest.mark.parametrize("name", NAMES)
def test_views_are_unit_float_pictures_of_the_asked_size(name: str) -> None:
    for view in make_views(batch(), build(PICTURES, name, size=48), generator()):
        assert view.values.dtype == torch.float32
        assert view.values.min() >= 0
        assert view.values.max() <= 1
        assert view.scope == "local" or view.values.shape == (8, 3, 48, 48)
        assert torch.equal(view.index, torch.arange(8))
        assert all(len(kept) == 8 for kept in view.changes.values())


def test_samples_of_one_batch_are_changed_differently() -> None:
    same = batch(1).select(torch.zeros(6, dtype=torch.long))
    first, second = make_views(same, build(PICTURES), generator())
    assert len({tuple(row.flatten().tolist()) for view in (first, second) for row in view.values}) == 12


def test_autocast_does_not_coarsen_views() -> None:
    exact = make_views(batch(), build(PICTURES, "byol"), generator())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = make_views(batch(), build(PICTURES, "byol"), generator())
    assert all(torch.equal(a.values, b.values) for a, b in zip(exact, inside, strict=True))


def test_compose_applies_in_order_and_keeps_every_change() -> None:
    crop, colour = Geometry(32, scale=(0.3, 1.0), high=255), Colour()
    both = Compose([crop, colour], scope="local")(batch(), generator())
    source = generator()
    assert torch.equal(both.values, colour(crop(batch(), source), source).values)
    assert set(both.changes) == {"crop", "flip", "jitter", "jitter_order", "grey"}
    assert both.scope == "local"
    with pytest.raises(RecipeError, match="scope"):
        Compose([crop], scope="medium")


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("standart", {}, "did you mean 'standard'"),
        ("standard", {"strenght": 2}, "did you mean 'strength'"),
        ("standard", {"strength": -1}, "strength"),
        ("standard", {"scale": (0.5, 2)}, "scale"),
        ("standard", {"scale": (0.9, 0.2)}, "scale"),
        ("dino", {"local": -1}, "local"),
        ("dino", {"local_size": 0}, "local_size"),
        ("weak", {"strength": 1}, "strength"),
        ("plain", {"strength": 1}, "strength"),
        ("standard", {"size": 0}, "size"),
    ],
)
def test_what_is_wrong_is_named(name: str, options: dict, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        build(PICTURES, name, **options)


def test_a_kind_without_views_is_named() -> None:
    class Smell(Spec):
        kind = "smell"

    with pytest.raises(RecipeError, match="smell"):
        build(Smell())
    with pytest.raises(RecipeError, match="image"):
        plain(Smell())


def test_raw_pictures_are_refused_where_only_unit_ones_make_sense() -> None:
    for view in (Colour(), Blur(), Solarise()):
        with pytest.raises(RecipeError, match="uint8"):
            view(batch(), generator())


WITH_EXAMPLES = ["selflearn.views", "selflearn.views.compose", "selflearn.views.image.geometry", "selflearn.views.mixing"]


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_run(module: str) -> None:
    failures, tried = doctest.testmod(importlib.import_module(module))
    assert failures == 0
    assert tried > 0


def test_a_plain_view_as_vectors_is_the_raw_input():
    import numpy as np

    from selflearn.data import read
    from selflearn.views import flat

    for source in (
        np.random.default_rng(0).integers(0, 255, (20, 12, 12, 3), dtype=np.uint8),
        np.random.default_rng(1).normal(size=(20, 5)),
    ):
        dataset = read(source, cache=False)
        view = plain(dataset.spec)(dataset.batch(range(20)), torch.Generator())
        np.testing.assert_allclose(flat(dataset.spec, view).numpy(), dataset.raw(range(20)), atol=1e-5)
