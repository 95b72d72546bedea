"""Log-mel spectrograms against closed forms and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import ShortTimeFFT

from selflearn.data.sound.spectrum import Mel, described, energies, from_mel, hann, log_mel, mel_filters, real_frames, to_mel

MEL = Mel.of(8000)


def power(values: torch.Tensor) -> torch.Tensor:
    return energies(values, MEL, hann(MEL), mel_filters(MEL))


def noise(samples: int, rows: int = 2, seed: int = 0) -> torch.Tensor:
    return torch.randn(rows, 1, samples, generator=torch.Generator().manual_seed(seed))


def test_the_mel_scale() -> None:
    assert float(to_mel(torch.tensor(1000.0))) == pytest.approx(1000, abs=0.1)  # its definition: 1,000 mel at 1,000 Hz
    frequencies = torch.linspace(0, 8000, 50)
    assert torch.allclose(from_mel(to_mel(frequencies)), frequencies, atol=0.01)


@pytest.mark.parametrize("mel", [MEL, Mel.of(16_000), Mel.of(44_100), Mel.of(8000, bands=128)])
def test_filters_are_triangles_that_cover_every_frequency_once(mel: Mel) -> None:
    filters = mel_filters(mel)
    assert filters.shape == (mel.size // 2 + 1, mel.bands)
    assert (filters.sum(0) > 0).all()
    if mel is not None and mel.bands <= 64:
        inside = filters.sum(1)[(filters.argmax(0).min() + 1) : filters.argmax(0).max()]
        assert torch.allclose(inside[8:], torch.ones_like(inside[8:]), atol=1e-3)  # neighbours' slopes add up to 1


def test_energies_are_those_of_scipy() -> None:
    values = noise(1000, 1)
    found = power(values)[0, 0]
    transform = ShortTimeFFT(hann(MEL).double().numpy(), MEL.hop, fs=8000, mfft=MEL.size)
    for frame in (3, 6, 9):
        begin = frame * MEL.hop - (MEL.size - MEL.hop) // 2
        spectrum = transform.stft(values[0, 0].double().numpy()[begin : begin + MEL.size], p0=0, p1=2, k_offset=MEL.size // 2)
        expected = np.abs(spectrum[:, 0]) ** 2 @ mel_filters(MEL).double().numpy()
        assert np.allclose(found[:, frame].numpy(), expected, rtol=1e-4)


def test_a_tone_is_loudest_in_its_band_and_where_it_sounds() -> None:
    steps = torch.arange(8000) / 8000
    tone = torch.sin(2 * torch.pi * 1200 * steps) * (steps > 0.5)
    found = power(tone[None, None])[0, 0]
    band, frame = divmod(int(found.argmax()), found.shape[1])
    centre = from_mel(torch.linspace(float(to_mel(torch.tensor(20.0))), float(to_mel(torch.tensor(4000.0))), 42))[1:-1]
    assert (centre[band] - 1200).abs() == (centre - 1200).abs().min()
    assert frame >= 50
    assert found[:, :48].max() < 1e-6 * found.max()


def test_level_and_colour_do_not_matter_and_silence_is_nothing() -> None:
    values = noise(3000)
    told = log_mel(power(values), None)
    assert torch.allclose(log_mel(power(1e-3 * values), None), told, atol=1e-3)
    assert torch.allclose(told.mean(3), torch.zeros(2, 1, 40), atol=1e-5)
    coloured = power(values) * torch.linspace(0.5, 2, 40)[:, None]
    assert torch.allclose(log_mel(coloured, None, floor=0.0), log_mel(power(values), None, floor=0.0), atol=1e-4)
    assert not log_mel(power(torch.zeros(1, 1, 800)), None).any()


def test_padding_changes_nothing() -> None:
    values = noise(2000)
    padded = torch.nn.functional.pad(values, (0, 1500))
    lengths = torch.tensor([2000, 2000])
    real = real_frames(lengths, 3500, MEL)
    assert real is not None
    assert real.sum(1).tolist() == [25, 25]
    found = log_mel(power(padded), real)
    assert torch.allclose(found[..., :25], log_mel(power(values), None), atol=1e-4)
    assert not found[..., 25:].any()
    assert torch.allclose(described(padded, lengths, 8000), described(values, None, 8000), atol=1e-3)


def test_the_description_has_one_length_for_any_recording() -> None:
    for samples in (90, 400, 20_000):
        found = described(noise(samples), None, 8000)
        assert found.shape == (2, 20 * 40 + 40)
        assert found.isfinite().all()
