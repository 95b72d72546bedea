"""Encoders of series: padding changes nothing, sizes and masks are as declared, and each can be stored, exported and taught."""

from __future__ import annotations

import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.series import SeriesSpec
from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, build, default_encoder, encoder_names
from selflearn.networks.series_dilated import enough_depth
from selflearn.networks.series_octaves import octave_energies, octaves_of
from selflearn.views import made_up, plain

SPEC = SeriesSpec(channels=("a", "b", "c"), length=48, mean=(0.0,) * 3, std=(1.0,) * 3)
UNEVEN = SPEC.model_copy(update={"varies": True})
SKELETON = SeriesSpec(
    channels=tuple(f"{joint} {axis}" for joint in range(4) for axis in "xyz"),
    length=48,
    mean=(0.0,) * 12,
    std=(1.0,) * 12,
    joints=4,
)
SMALL = {
    "dilated": {"width": 8, "out": 6},
    "octaves": {"width": 8, "out": 6},
    "patches": {"width": 16, "depth": 2, "heads": 2, "patch": 8},
    "patches-causal": {"width": 16, "depth": 2, "heads": 2, "patch": 8},
    "patchtst": {"width": 16, "depth": 2, "heads": 2, "patch": 8},
}
VARIANTS = [
    ("dilated", {}), ("dilated", {"parts": 3}), ("dilated", {"pool": "max", "instance": True, "steps": True}),
    ("dilated", {"parts": 3, "statistics": True}), ("octaves", {}), ("octaves", {"parts": 2, "level": True, "frame": 5}),
    ("patches", {}), ("patches", {"pool": "class"}),
    ("patches", {"independent": True, "instance": True, "pool": "class"}), ("patchtst", {}),
]  # fmt: skip


def encoder(name: str, spec: SeriesSpec = SPEC, **options: object):
    torch.manual_seed(0)
    return build(spec, name, **{**SMALL[name], **options}).eval()


def batch(spec: SeriesSpec = SPEC, samples: int = 5) -> Batch:
    return plain(spec)(made_up(spec, samples), torch.Generator())


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_sizes_are_as_declared(name: str, options: dict) -> None:
    made = encoder(name, **options)
    features = made(batch(), layers="layers" in made.capabilities)
    assert features.pooled.shape == (5, made.dim)
    if "tokens" in made.capabilities:
        assert features.tokens.shape == (5, torch.tensor(made.token_grid()).prod(), made.dim)
        assert len(features.layers) == 2
        assert made.token_content(batch()).values.shape[2] == sum(made.content_size())
    again = build(made.spec, **made.settings)
    again.load_state_dict(made.state_dict())
    assert torch.equal(again.eval()(batch()).pooled, features.pooled)


@pytest.mark.parametrize(("name", "options"), VARIANTS)
def test_padding_changes_nothing(name: str, options: dict) -> None:
    made, whole = encoder(name, UNEVEN, **options), batch(UNEVEN)
    longer = torch.nn.functional.pad(whole.values, (0, 16))
    mask = torch.nn.functional.pad(whole.mask, (0, 16))
    assert torch.allclose(made(whole).pooled, made(whole.replace(values=longer, mask=mask)).pooled, atol=1e-4)
    for row in range(5):
        length = int(whole.lengths[row])
        alone = whole.select(torch.tensor([row]))
        alone = alone.replace(values=alone.values[..., :length], mask=alone.mask[:, :length])
        if name == "dilated" or length % 8 == 0:  # of a last patch that is cut, the padding is a part
            assert torch.allclose(made(alone).pooled, made(whole).pooled[row : row + 1], atol=1e-4)


@pytest.mark.parametrize("how", ["drop", "replace"])
def test_what_is_hidden_is_not_seen(how: str) -> None:
    made, seen = encoder("patches"), batch()
    hidden = torch.zeros(5, 6, dtype=torch.bool)
    hidden[:, 2:4] = True
    changed = seen.values.clone()
    changed[..., 16:32] += 9.0
    first = made(seen, TokenMask(hidden, how=how))
    assert torch.allclose(first.pooled, made(seen.replace(values=changed), TokenMask(hidden, how=how)).pooled, atol=1e-5)
    assert first.tokens.shape[1] == (4 if how == "drop" else 6)
    assert not torch.allclose(made(seen).pooled, made(seen.replace(values=changed)).pooled, atol=1e-3)


def test_masks_that_do_not_fit_are_refused() -> None:
    with pytest.raises(RecipeError, match="does not fit"):
        encoder("patches")(batch(), TokenMask(torch.zeros(5, 7, dtype=torch.bool)))
    with pytest.raises(RecipeError, match="can"):
        encoder("patchtst")(batch(), TokenMask(torch.zeros(5, 18, dtype=torch.bool), how="drop"))
    with pytest.raises(RecipeError, match="patches"):
        encoder("dilated")(batch(), TokenMask(torch.zeros(5, 6, dtype=torch.bool)))


def test_channels_on_their_own_do_not_see_each_other_and_scale_does_not_tell() -> None:
    made, seen = encoder("patchtst"), batch()
    other = seen.values.clone()
    other[:, 1] = torch.randn(5, 48, generator=torch.Generator().manual_seed(1))
    tokens, changed = made(seen).tokens, made(seen.replace(values=other)).tokens
    assert torch.allclose(tokens[:, :6], changed[:, :6], atol=1e-5)
    assert not torch.allclose(tokens[:, 6:12], changed[:, 6:12], atol=1e-2)
    grown = seen.values * torch.tensor([2.0, 5.0, 0.5])[:, None] + 3
    assert torch.allclose(made(seen).pooled, made(seen.replace(values=grown)).pooled, atol=1e-2)


def test_dropout_is_declared_and_makes_two_passes_differ() -> None:
    made = encoder("patches", dropout=0.3).train()
    assert "dropout" in made.capabilities
    assert "dropout" not in encoder("patches").capabilities
    torch.manual_seed(0)
    first, second = made(batch()).pooled, made(batch()).pooled
    assert not torch.equal(first, second)
    assert torch.equal(made.eval()(batch()).pooled, made(batch()).pooled)


def test_depth_is_enough_to_see_a_whole_sample() -> None:
    assert [enough_depth(length) for length in (8, 48, 250, 100_000)] == [2, 4, 6, 10]
    made, seen = encoder("dilated", pool="mean"), batch()
    values = seen.values.clone().requires_grad_()
    hidden = made.embed(made.input(seen.replace(values=values)))
    for block in made.blocks:
        hidden = block(hidden)
    hidden[0, :, 24].sum().backward()
    assert (values.grad[0].abs().sum(dim=0) > 0).all()


def test_statistics_of_what_is_read_are_told_and_take_no_part_in_learning() -> None:
    made, seen = encoder("dilated", statistics=True), batch()
    told = made(seen).pooled[:, -12:].unflatten(1, (4, 3))
    wanted = [seen.values.mean(2), seen.values.std(2, correction=0), seen.values.amin(2), seen.values.amax(2)]
    assert torch.allclose(told, torch.stack(wanted, dim=1), atol=1e-5)
    assert (made.train()(seen).pooled[:, -12:] == 0).all()


def test_joints_are_seen_apart_from_their_place_and_size() -> None:
    made, seen = encoder("dilated", SKELETON), batch(SKELETON)
    moved = (seen.values.unflatten(1, (4, 3)) + torch.tensor([3.0, -1.0, 2.0])[:, None]).flatten(1, 2)
    assert torch.allclose(made(seen).pooled, made(seen.replace(values=moved)).pooled, atol=1e-3)
    assert torch.allclose(made(seen).pooled, made(seen.replace(values=2 * seen.values)).pooled, atol=1e-3)
    with pytest.raises(RecipeError, match="joints=NUMBER"):
        encoder("dilated", joints=True)


def test_devices_share_a_trunk_and_all_of_them_are_their_mean() -> None:
    worn = SKELETON.model_copy(update={"joints": 0, "devices": 4})
    made, seen = encoder("dilated", worn, devices=True, parts=2), batch(worn)
    alone = [made(seen.replace(values=values)).pooled for values in seen.values.chunk(4, dim=1)]
    assert torch.allclose(made(seen).pooled, torch.stack(alone).mean(0), atol=1e-5)
    assert made(seen).pooled.shape == (5, made.dim)
    for spec, options in ((SPEC, {}), (worn.model_copy(update={"joints": 4}), {"joints": True})):
        with pytest.raises(RecipeError, match="devices=NUMBER"):
            encoder("dilated", spec, devices=True, **options)


def test_octave_energies_of_noise_have_their_closed_form_and_a_factor_is_a_sum() -> None:
    noise = torch.randn(40, 1, 512, generator=torch.Generator().manual_seed(0))
    found = octave_energies(noise, None, 5, 512).squeeze(2).double()
    wanted = torch.tensor([(2 / 2**octave) for octave in range(5)]).log() / 4 + 1  # differences of two means of 2^k numbers
    assert torch.allclose(found.mean(0), wanted.double(), atol=0.03)
    louder = octave_energies(100 * noise, None, 5, 512).squeeze(2).double()
    assert torch.allclose(louder - found, torch.full_like(found, torch.tensor(100.0).log().item() / 2), atol=1e-3)


def test_octave_energies_do_not_know_the_level_and_tell_slow_from_quick() -> None:
    time = torch.arange(512.0)
    slow, quick = (torch.sin(2 * torch.pi * time / period) for period in (48, 6))
    found = octave_energies(torch.stack([slow, quick])[:, None], None, 7, 16)
    assert found.mean(2).argmax(1).tolist() == [4, 1]  # a third of a period is the difference that sees it best
    moved = octave_energies(torch.stack([slow, quick])[:, None] + 50, None, 7, 16)
    assert torch.allclose(moved, found, atol=1e-2)
    assert [octaves_of(length) for length in (2, 3, 4, 208)] == [1, 1, 2, 7]


def test_energies_stand_where_the_movement_is() -> None:
    still = torch.zeros(1, 1, 256)
    still[..., 128:160] = torch.randn(32, generator=torch.Generator().manual_seed(0))
    found = octave_energies(still, None, 1, 32)
    assert found[0, 0].argmax() == 4
    assert found[0, 0, :3].max() < found[0, 0, 4] - 2


def test_the_default_can_do_what_a_method_needs() -> None:
    assert default_encoder(SPEC, False) == "dilated"
    assert default_encoder(SPEC, False, frozenset({"tokens"})) == "patches"
    assert set(encoder_names("series")) == set(SMALL)
    with pytest.raises(RecipeError, match="did you mean 'width'"):
        build(SPEC, "patches", widht=8)


@pytest.mark.parametrize("spec", [SPEC, UNEVEN], ids=["even", "uneven"])
@pytest.mark.parametrize("name", ["dilated", "patches"])
def test_gradients_reach_every_weight(name: str, spec: SeriesSpec) -> None:
    made = encoder(name, spec).train()
    made(batch(spec)).pooled.square().sum().backward()
    assert not [key for key, weight in made.named_parameters() if weight.grad is None]
