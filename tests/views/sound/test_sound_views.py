"""Views of sound against closed forms: what each does to tones and noise."""

from __future__ import annotations

import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.sound import SoundSpec
from selflearn.errors import RecipeError
from selflearn.views import build, deployed, draw, flat, made_up, make_views, plain
from selflearn.views.sound import Crop, Gain, Noise, Spectral
from selflearn.views.sound.spectral import smooth

SPEC = SoundSpec(rate=8000, length=4000, usual=3200, varies=True)
NAMES = ["standard", "multicrop", "weak", "plain"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tones(frequency: float = 1000.0, rows: int = 8, samples: int = 4000) -> Batch:
    steps = torch.arange(samples) / 8000
    return Batch(torch.sin(2 * torch.pi * frequency * steps).repeat(rows, 1, 1), torch.arange(rows), torch.full((rows,), -1))


def pitch(values: torch.Tensor) -> torch.Tensor:
    """The loudest frequency of each recording, in Hz."""
    return torch.fft.rfft(values, 16_000, dim=-1).abs().argmax(-1) / 2


@pytest.mark.parametrize("name", NAMES)
def test_a_list_is_a_function_of_the_batch_and_the_generator(name: str) -> None:
    raw = made_up(SPEC, 6)
    kept = raw.values.clone()
    first, again, other = (make_views(raw, build(SPEC, name), generator(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(a.values, b.values) for a, b in zip(first, again, strict=True))
    assert name == "plain" or not any(torch.equal(a.values, b.values) for a, b in zip(first, other, strict=True))
    assert torch.equal(raw.values, kept)
    for view in first:
        assert view.values.dtype == torch.float32
        assert view.values.isfinite().all()
        assert view.lengths is not None
        assert torch.equal(view.mask.sum(1), view.lengths)
        assert not view.values.masked_select(~view.mask[:, None]).any()
        assert all(len(each) == 6 for each in view.changes.values())
        assert name == "plain" or view.values.shape[2] <= SPEC.usual


def test_plain_is_the_recording_at_unit_scale_and_so_is_what_is_deployed() -> None:
    raw = made_up(SPEC, 4)
    seen = plain(SPEC)(raw, generator())
    assert torch.equal(seen.values, raw.values.float() / 32_768)
    assert torch.equal(deployed(SPEC)(raw.values, raw.lengths).values, seen.values)
    assert flat(SPEC, seen).shape == (4, 840)
    assert all(picture.size == (96, 96) for picture in draw(SPEC, seen))


def test_speed_moves_pitch_and_length_alike() -> None:
    batch = tones()
    seen = Spectral(8000, speed=0.2, equaliser=0, bands=0, room=0)(batch, generator())
    factors = seen.changes["speed"][:, 0]
    assert len(factors.unique()) > 2
    for row, factor in enumerate(factors):
        length = int(seen.lengths[row])
        assert length == pytest.approx(min(4000, 4000 / float(factor)), rel=0.025)
        assert float(pitch(seen.values[row, 0, :length])) == pytest.approx(1000 * float(factor), rel=0.025)
        middle = seen.values[row, 0, length // 4 : 3 * length // 4]
        assert float(middle.square().mean()) == pytest.approx(0.5, rel=0.05)  # as loud as before


def test_nothing_asked_is_nothing_changed() -> None:
    batch = tones(440)
    seen = Spectral(8000, speed=0, equaliser=0, bands=0, room=0)(batch, generator())
    assert torch.allclose(seen.values, batch.values, atol=1e-4)
    assert seen.mask is None


def test_a_hidden_band_is_silent_and_the_rest_is_not() -> None:
    noise = Batch(torch.randn(16, 1, 4000, generator=generator(3)), torch.arange(16), torch.full((16,), -1))
    view = Spectral(8000, speed=0, equaliser=0, bands=0.5, room=0)
    seen = view(noise, generator())
    size = smooth(4000)
    spectrum = torch.fft.rfft(seen.values, size)[:, 0].abs()
    mels = torch.log10(1 + torch.arange(size // 2 + 1) * 8000 / size / 700) / torch.log10(torch.tensor(1 + 4000 / 700))
    low, high = seen.changes["bands"].split(1, dim=1)
    inside = (mels > low + 0.02) & (mels < high - 0.02)
    assert inside.any()
    assert spectrum[inside].mean() < 0.1 * spectrum[~inside].mean()


def test_a_room_adds_what_was_drawn_after_the_direct_sound() -> None:
    click = torch.zeros(4, 1, 4000)
    click[:, :, 100] = 1
    batch = Batch(click, torch.arange(4), torch.full((4,), -1))
    seen = Spectral(8000, speed=0, equaliser=0, bands=0, room=1.0, wet=(-6.0, -6.0))(batch, generator())
    response = seen.changes["room"]
    assert torch.allclose(seen.values[:, 0, 100], torch.ones(4), atol=1e-4)
    assert torch.allclose(seen.values[:, 0, 101 : 101 + 500], response[:, :500], atol=1e-4)
    assert torch.allclose(response.square().sum(1), torch.full((4,), 10**-0.6), rtol=1e-3)
    early, late = response[:, :400].square().sum(1), response[:, -400:].square().sum(1)
    assert (early > late).all()
    assert torch.allclose(seen.values[:, 0, :100], torch.zeros(4, 100), atol=1e-4)


@pytest.mark.parametrize("ratio", [0.0, 20.0])
def test_noise_has_the_power_it_is_asked_for(ratio: float) -> None:
    batch = tones(rows=4)
    seen = Noise((ratio, ratio), probability=1.0)(batch, generator())
    added = (seen.values - batch.values).square().mean((1, 2))
    assert torch.allclose(added, torch.full((4,), 0.5 * 10 ** (-ratio / 10)), rtol=0.1)
    assert torch.equal(Noise((ratio, ratio), probability=0.0)(batch, generator()).values, batch.values)


def test_gain_is_in_decibels() -> None:
    batch = tones(rows=2)
    assert torch.allclose(Gain((20.0, 20.0))(batch, generator()).values, 10 * batch.values)


def test_crops_are_consecutive_pieces() -> None:
    counted = torch.arange(4000.0).repeat(8, 1, 1)
    lengths = torch.tensor([4000, 4000, 1000, 1000, 500, 500, 2, 2])
    real = torch.arange(4000) < lengths[:, None]
    batch = Batch(counted * real[:, None], torch.arange(8), torch.full((8,), -1), lengths=lengths, mask=real)
    seen = Crop(800, (0.5, 1.0))(batch, generator())
    assert seen.values.shape == (8, 1, 800)
    for row in range(8):
        begin, kept = seen.changes["crop"][row].tolist()
        assert min(800, lengths[row]) // 2 <= kept <= min(800, lengths[row])
        assert torch.equal(seen.values[row, 0, :kept], torch.arange(begin, begin + kept).float())
        assert seen.lengths[row] == kept
    whole = Crop(800)(Batch(counted, torch.arange(8), torch.full((8,), -1)), generator())
    assert whole.mask is None


def test_mistakes_are_named() -> None:
    with pytest.raises(RecipeError, match="no views 'standart'; did you mean 'standard'"):
        build(SPEC, "standart")
    with pytest.raises(RecipeError, match="no option 'sped'; did you mean 'speed'"):
        build(SPEC, "standard", sped=0.1)
    with pytest.raises(RecipeError, match="have no size"):
        build(SPEC, "standard", size=32)
    with pytest.raises(RecipeError, match="sound must be"):
        plain(SPEC)(tones().replace(values=torch.zeros(8, 2, 10)), generator())
