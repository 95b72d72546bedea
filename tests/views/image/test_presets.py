"""The lists by name: the settings of their publications, and what is left out where it makes no sense."""

import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageSpec
from selflearn.views import build, make_views, plain

DRAWS = 3000


def spec(channels: int = 3, side: int = 64, colour: bool | None = None, width: int | None = None, high: float = 255.0) -> ImageSpec:
    colour = channels == 3 if colour is None else colour
    moments = {"mean": (0.5,) * channels, "std": (0.2,) * channels}
    return ImageSpec(channels=channels, height=side, width=width or side, high=high, colour=colour, **moments)


def batch(known: ImageSpec, samples: int = 6) -> Batch:
    values = torch.randint(0, 256, (samples, known.channels, known.height, known.width), generator=torch.Generator().manual_seed(4))
    return Batch(values.to(torch.uint8), torch.arange(samples), torch.full((samples,), -1))


def changes(known: ImageSpec, name: str, samples: int = DRAWS, **options: object) -> list[dict[str, torch.Tensor]]:
    """What each view of the list does to many copies of one small picture."""
    raw = batch(known, 1).select(torch.zeros(samples, dtype=torch.long))
    return [view.changes for view in make_views(raw, build(known, name, **options), torch.Generator().manual_seed(0))]


def areas(kept: dict[str, torch.Tensor]) -> tuple[float, float]:
    area = kept["crop"][:, 2:].prod(dim=1)
    return float(area.min()), float(area.max())


def rate(flags: torch.Tensor) -> float:
    return float(flags.float().mean())


def near(*values: float) -> object:
    return pytest.approx(values if len(values) > 1 else values[0], abs=0.04)


def test_simclr_has_its_published_strengths() -> None:
    for kept in changes(spec(side=64), "simclr", samples=800):
        assert areas(kept) == near(0.08, 0.97)
        assert rate(kept["flip"][:, 0]) == pytest.approx(0.5, abs=0.08)
        assert rate(kept["blur"] > 0) == pytest.approx(0.5, abs=0.08)
        assert float(kept["blur"].max()) == near(2.0 * 64 / 224)
        assert kept["jitter"].amin(dim=0).tolist() == pytest.approx([0.2, 0.2, 0.2, -0.2], abs=0.05)
        assert kept["jitter"].amax(dim=0).tolist() == pytest.approx([1.8, 1.8, 1.8, 0.2], abs=0.05)
        assert rate(kept["grey"]) == pytest.approx(0.2, abs=0.06)


def test_standard_is_milder() -> None:
    for kept in changes(spec(side=16), "standard"):
        assert areas(kept) == near(0.2, 0.98)
        assert kept["jitter"].amin(dim=0).tolist() == pytest.approx([0.6, 0.6, 0.6, -0.1], abs=0.02)
        assert set(kept) == {"crop", "flip", "jitter", "jitter_order", "grey"}


def test_strength_scales_colour_only() -> None:
    for kept in changes(spec(side=16), "standard", strength=0.5):
        assert kept["jitter"].amax(dim=0).tolist() == pytest.approx([1.2, 1.2, 1.2, 0.05], abs=0.01)
        assert areas(kept) == near(0.2, 0.98)


def test_byol_is_an_unlike_pair() -> None:
    first, second = changes(spec(side=64), "byol", samples=800)
    assert (rate(first["blur"] > 0), rate(second["blur"] > 0)) == near(1.0, 0.1)
    assert "solarise" not in first
    assert rate(second["solarise"]) == pytest.approx(0.2, abs=0.06)
    assert first["jitter"].amin(dim=0).tolist() == pytest.approx([0.6, 0.6, 0.8, -0.1], abs=0.03)


@pytest.mark.parametrize(("name", "large", "small"), [("dino", (0.4, 1.0), (0.05, 0.4)), ("multicrop", (0.14, 1.0), (0.05, 0.14))])
def test_multi_crop_has_two_large_and_many_small_crops(name: str, large: tuple[float, float], small: tuple[float, float]) -> None:
    known = spec(side=64)
    views = make_views(batch(known), build(known, name, local=4), torch.Generator())
    assert [view.scope for view in views] == ["global"] * 2 + ["local"] * 4
    assert [view.values.shape[-1] for view in views] == [64] * 2 + [32] * 4
    kept = changes(known, name, samples=800, local=1)
    assert areas(kept[0]) == near(large[0], large[1] - 0.03)
    assert areas(kept[2]) == near(*small)


def test_multi_crops_options_are_followed() -> None:
    known = spec(side=16)
    kept = changes(known, "dino", samples=500, local=1, local_size=10, global_scale=(0.7, 0.71), local_scale=(0.3, 0.31))
    assert areas(kept[0]) == pytest.approx((0.7, 0.71), abs=1e-3)
    assert areas(kept[2]) == pytest.approx((0.3, 0.31), abs=1e-3)
    assert make_views(batch(known), build(known, "dino", local=1, local_size=10), torch.Generator())[2].values.shape[-1] == 10
    assert len(build(known, "multicrop", local=0)) == 2


@pytest.mark.parametrize("name", ["standard", "simclr", "byol", "dino", "multicrop", "weak"])
def test_pictures_without_colour_are_not_mirrored_solarised_or_coloured(name: str) -> None:
    for kept in changes(spec(1, 16), name, samples=100) + changes(spec(3, 16, colour=False), name, samples=100):
        assert not kept["flip"].any()
        assert not {"solarise", "blur"} & set(kept)
        if "jitter" in kept:
            assert not kept["grey"].any()
            assert torch.equal(kept["jitter"][:, 2:], torch.tensor([1.0, 0.0]).expand(100, 2))


@pytest.mark.parametrize("name", ["standard", "byol", "dino", "weak"])
def test_mirrors_are_a_choice(name: str) -> None:
    for kept in changes(spec(1, 16), name, samples=400, horizontal_flip=True, vertical_flip=True):
        assert kept["flip"].float().mean(dim=0).tolist() == pytest.approx([0.5, 0.5], abs=0.1)
    for kept in changes(spec(3, 16), name, samples=50, horizontal_flip=False):
        assert not kept["flip"].any()


def test_tiny_pictures_are_cropped_less_and_turned() -> None:
    for kept in changes(spec(1, 8), "standard"):
        assert areas(kept) == near(0.5, 0.98)
        assert float(kept["warp"][:, 0].abs().max()) == pytest.approx(torch.pi / 18, abs=0.01)
    for kept in changes(spec(1, 8), "standard", rotation=0, scale=(0.9, 0.95)):
        assert "warp" not in kept
        assert areas(kept)[0] >= 0.9


@pytest.mark.parametrize("channels", range(1, 13))
@pytest.mark.parametrize("name", ["standard", "byol", "dino", "weak", "plain"])
def test_any_number_of_channels(channels: int, name: str) -> None:
    known = spec(channels, 16)
    for view in make_views(batch(known, 3), build(known, name), torch.Generator()):
        assert view.values.shape[:2] == (3, channels)
        assert torch.isfinite(view.values).all()


def test_the_size_is_the_stored_one_unless_asked_for() -> None:
    assert make_views(batch(spec()), [plain(spec())], torch.Generator())[0].values.shape[-2:] == (64, 64)
    oblong = spec(side=20, width=50)
    assert make_views(batch(oblong), build(oblong, "weak"), torch.Generator())[0].values.shape[-2:] == (20, 20)
    assert plain(oblong, 30)(batch(oblong), torch.Generator()).values.shape[-2:] == (30, 30)


def test_the_plain_view_is_the_picture_at_the_unit_scale() -> None:
    known = spec(1, 28, high=200.0)
    raw = batch(known)
    assert torch.allclose(plain(known)(raw, torch.Generator()).values, (raw.values / 200).clamp(0, 1), atol=1e-6)
