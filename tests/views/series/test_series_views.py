"""Views of series: what each change does, that padding stays out of it, and that the generator alone decides."""

from __future__ import annotations

import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.series import SeriesSpec
from selflearn.errors import RecipeError
from selflearn.views import build, deploy_inputs, deployed, draw, flat, made_up, make_views, plain
from selflearn.views.series import Crop, Device, DropChannels, Flip, Frequencies, Hide, Jitter, Permute, Rotate, Scale, Warp, Window

SPEC = SeriesSpec(channels=("a", "b", "c"), length=40, mean=(1.0, 0.0, -2.0), std=(2.0, 1.0, 0.5))
UNEVEN = SPEC.model_copy(update={"varies": True})
CHANGES = [
    Jitter(0.2), Scale(0.3, 0.1), Hide(0.3, 2), Frequencies(0.3, 0.2), DropChannels(0.5), Flip(0.5), Rotate(60.0, SPEC.std),
    Crop((0.4, 0.8)), Warp(0.4), Permute(4),
]  # fmt: skip


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def unit(samples: int = 16, uneven: bool = False) -> Batch:
    spec = UNEVEN if uneven else SPEC
    return plain(spec)(made_up(spec, samples), generator())


def names(view) -> str:
    return type(view).__name__


@pytest.mark.parametrize("view", CHANGES, ids=names)
def test_the_generator_alone_decides_and_the_kept_parameters_redo(view) -> None:
    batch, state = unit(), torch.get_rng_state()
    first, again, other = view(batch, generator(1)), view(batch, generator(1)), view(batch, generator(2))
    assert torch.equal(first.values, again.values)
    assert not torch.equal(first.values, other.values)
    assert not torch.equal(first.values, batch.values)
    assert torch.equal(view.apply(batch, first.changes), first.values)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("view", CHANGES, ids=names)
def test_padding_stays_nothing_and_what_lies_there_does_not_leak_in(view) -> None:
    batch = unit(uneven=True)
    assert batch.mask is not None
    seen = view(batch, generator())
    padding = ~batch.mask[:, None].expand_as(batch.values)
    assert (seen.values[padding] == 0).all()
    assert seen.values.isfinite().all()
    if not isinstance(view, Frequencies):  # a spectrum is of the whole row, zeros included
        loud = batch.replace(values=batch.values.masked_fill(padding, 50.0))
        assert torch.allclose(view(loud, generator()).values, seen.values, atol=1e-4)


def test_the_unit_scale_is_mean_nothing_and_deviation_one_with_padding_at_nothing() -> None:
    raw = made_up(UNEVEN, 8)
    batch = plain(UNEVEN)(raw, generator())
    assert raw.lengths is not None
    last = int(raw.lengths[1])
    wanted = (raw.values[1, :, :last] - torch.tensor(SPEC.mean)[:, None]) / torch.tensor(SPEC.std)[:, None]
    assert torch.allclose(batch.values[1, :, :last], wanted, atol=1e-5)
    assert (batch.values[1, :, last:] == 0).all()
    with pytest.raises(RecipeError, match="series must be"):
        plain(SPEC)(Batch(torch.zeros(2, 5, 40), torch.arange(2), torch.arange(2)), generator())


def test_noise_has_its_deviation_and_scale_is_one_factor_a_channel() -> None:
    batch = unit(400)
    assert (Jitter(0.3)(batch, generator()).values - batch.values).std() == pytest.approx(0.3, rel=0.02)
    scaled = Scale(0.5)(batch, generator())
    ratio = scaled.values / batch.values
    assert torch.allclose(ratio, ratio[..., :1].expand_as(ratio), rtol=1e-3)
    assert ratio[..., 0].log().std() == pytest.approx(0.5, rel=0.1)
    together = Scale(0.5, together=True)(batch, generator()).changes["factor"]
    assert torch.equal(together[:, 0], together[:, 2])


def test_hidden_spans_cover_their_share_at_most() -> None:
    batch = unit(200).replace(values=torch.ones(200, 3, 40))
    gone = Hide(0.25, 1)(batch, generator()).values == 0
    assert (gone.float().mean(dim=(1, 2)) == 0.25).all()
    assert torch.equal(gone[:, 0], gone[:, 2])


def test_lost_channels_are_whole_and_never_all() -> None:
    seen = DropChannels(0.95)(unit(100), generator())
    lost = seen.changes["lost"]
    assert (~lost).any(dim=1).all()
    assert (seen.values[lost] == 0).all()
    axes = DropChannels(0.9, per=3)(unit(100), generator()).changes["lost"]
    assert not axes.any()


def test_turns_keep_the_length_of_a_vector_in_the_datas_own_units() -> None:
    batch, std = unit(50), torch.tensor(SPEC.std)[:, None]
    seen = Rotate(180.0, SPEC.std)(batch, generator())
    assert torch.allclose((seen.values * std).norm(dim=1), (batch.values * std).norm(dim=1), rtol=1e-3, atol=1e-4)
    upright = Rotate(180.0, SPEC.std, upright=True)(batch, generator())
    assert torch.allclose(upright.values[:, 1], batch.values[:, 1], atol=1e-5)
    with pytest.raises(RecipeError, match="three axes"):
        Rotate(10.0, (1.0, 1.0))


def test_a_crop_of_a_line_is_a_flatter_line() -> None:
    line = torch.arange(40.0).expand(30, 3, 40)
    seen = Crop((0.5, 0.5))(unit(30).replace(values=line), generator())
    slope = seen.values.diff(dim=2)
    assert torch.allclose(slope, torch.full_like(slope, 0.5), atol=1e-4)
    assert (seen.values >= 0).all()
    assert (seen.values <= 39).all()


def test_a_window_is_the_same_steps_unstretched() -> None:
    line = torch.arange(40.0).expand(30, 3, 40)
    seen = Window((0.5, 0.5))(unit(30).replace(values=line), generator())
    assert seen.values.shape == (30, 3, 20)
    assert torch.equal(seen.values[:, :, 0], seen.changes["window"].float().expand(-1, 3))
    assert (seen.values.diff(dim=2) == 1).all()
    uneven = Window((0.5, 0.5))(unit(uneven=True), generator())
    assert uneven.mask is not None
    assert uneven.lengths is not None
    assert torch.equal(uneven.mask.sum(dim=1), uneven.lengths)


def test_warped_time_begins_and_ends_where_it_did_and_never_turns_back() -> None:
    line = torch.arange(40.0).expand(30, 3, 40)
    seen = Warp(0.8)(unit(30).replace(values=line), generator()).values
    assert torch.allclose(seen[..., 0], torch.zeros(30, 3), atol=1e-4)
    assert torch.allclose(seen[..., -1], torch.full((30, 3), 39.0), atol=1e-2)
    assert (seen.diff(dim=2) > 0).all()


def test_segments_change_places_and_none_is_lost() -> None:
    line = torch.arange(40.0).expand(30, 3, 40)
    seen = Permute(4)(unit(30).replace(values=line), generator()).values
    assert torch.equal(seen.sort(dim=2).values, line)
    assert (seen.unflatten(2, (4, 10)).diff(dim=3) == 1).all()


def test_frequencies_keep_the_level_and_lose_what_is_removed() -> None:
    batch = unit(40)
    gone = Frequencies(0.0, 1.0)(batch, generator()).values
    assert torch.allclose(gone, batch.values.mean(dim=2, keepdim=True).expand_as(gone), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("standrd", {}, "did you mean 'standard'"),
        ("standard", {"jiter": 0.1}, "did you mean 'jitter'"),
        ("standard", {"hiding": 1.0}, "hiding"),
        ("weak", {"crop": 0.5}, "crop"),
        ("plain", {"size": 32}, "no size"),
        ("devices", {}, "--read devices=NUMBER"),
    ],
)
def test_what_is_wrong_is_named(name: str, options: dict, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        build(SPEC, name, **options)


def test_presets_have_the_views_they_promise() -> None:
    raw = made_up(SPEC, 6)
    pair = make_views(raw, build(SPEC), generator())
    assert [view.scope for view in pair] == ["global", "global"]
    assert not torch.equal(pair[0].values, pair[1].values)
    several = make_views(raw, build(SPEC, "multicrop", crops=3, local=0.5), generator())
    assert [view.scope for view in several] == ["global"] * 2 + ["local"] * 3
    assert several[2].values.shape[2] < 30
    everything = {"warp": 0.2, "segments": 2, "frequency": 0.1, "channel_drop": 0.2, "rotation": 20, "flip": 0.5, "window": 0.8}
    (one, _) = make_views(raw, build(SPEC, "standard", **everything), generator())
    assert {"speed", "order", "gain", "lost", "turn", "flipped", "window", "crop", "noise", "hidden"} <= set(one.changes)


def test_each_device_is_seen_alone_and_as_it_is() -> None:
    worn = SPEC.model_copy(update={"devices": 3})
    whole = plain(worn)(made_up(worn, 6), generator())
    each = make_views(made_up(worn, 6), build(worn, "devices"), generator())
    assert [tuple(view.values.shape) for view in each] == [(6, 1, 40)] * 3
    assert torch.equal(torch.cat([view.values for view in each], dim=1), whole.values)
    for number, devices, says in ((2, 2, "below 2"), (0, 2, "2 devices")):
        with pytest.raises(RecipeError, match=says):
            Device(number, devices)(whole, generator())


@pytest.mark.parametrize("spec", [SPEC, UNEVEN], ids=["even", "uneven"])
def test_what_is_exported_is_the_plain_view(spec: SeriesSpec) -> None:
    raw = made_up(spec, 5)
    seen, shown = plain(spec)(raw, generator()), deployed(spec)(**deploy_inputs(spec, raw))
    assert torch.allclose(seen.values, shown.values, atol=1e-5)
    assert flat(spec, seen).shape[0] == 5
    pictures = draw(spec, seen)
    assert pictures is not None
    assert pictures[0].size == (96, 96)
