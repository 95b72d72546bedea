"""Log-mel spectrograms for whole batches of recordings of any length; and the dull, strong description that is made of them.

Levels do not matter: energies are told beside the mean energy of their own recording, and each band's own mean is taken off, which
also takes away what a microphone or a room does to all of a recording alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.data.series.statistics import at_places

FLOOR = 1e-3
"""Energy, beside the recording's mean, below which nothing is told apart: 30 dB down is noise in most recordings."""
TINY = 1e-20
FRAMES = 20
"""Frames of the dull description."""


@dataclass(frozen=True)
class Mel:
    """How a spectrogram is made.

    Attributes
    ----------
    rate : samples a second.
    bands : mel bands from 20 Hz to half the rate.
    window, hop : samples of a frame, and from one frame to the next.
    """

    rate: int
    bands: int
    window: int
    hop: int

    @property
    def size(self) -> int:
        """Samples of the Fourier transform: the power of two from the window on."""
        return 1 << max(3, (self.window - 1).bit_length())

    @classmethod
    def of(cls, rate: int, bands: int = 0, window: float = 0.025, hop: float = 0.010) -> Mel:
        """The usual frames of speech: 25 ms every 10 ms. 0 bands are 40 up to 10 kHz, else 64."""
        return cls(rate, bands or (40 if rate <= 10_000 else 64), max(8, round(window * rate)), max(4, round(hop * rate)))

    def frames(self, samples: int) -> int:
        """How many frames so many samples have; the last may reach beyond them."""
        return -(-samples // self.hop)


def to_mel(frequency: Tensor) -> Tensor:
    """Hz to mel: ``2595 log10(1 + f / 700)`` (O'Shaughnessy, "Speech Communication: Human and Machine", 1987)."""
    return 2595 * torch.log10(1 + frequency / 700)


def from_mel(mel: Tensor) -> Tensor:
    """Mel to Hz."""
    return 700 * (10 ** (mel / 2595) - 1)


def mel_filters(mel: Mel) -> Tensor:
    """(size / 2 + 1, bands) float32 triangles, evenly spaced in mel; each reaches 1 at its centre and 0 at its neighbours' centres.

    A triangle narrower than the space between two bins takes the energy of the bin next to its centre.
    """
    low = 20.0 if mel.rate > 400 else 0.0
    ends = to_mel(torch.tensor([low, mel.rate / 2], dtype=torch.float64))
    centres = from_mel(torch.linspace(float(ends[0]), float(ends[1]), mel.bands + 2, dtype=torch.float64))
    bins = torch.arange(mel.size // 2 + 1, dtype=torch.float64) * mel.rate / mel.size
    rising = (bins[:, None] - centres[:-2]) / (centres[1:-1] - centres[:-2])
    falling = (centres[2:] - bins[:, None]) / (centres[2:] - centres[1:-1])
    filters = torch.minimum(rising, falling).clamp(min=0)
    empty = torch.nonzero(filters.sum(dim=0) < 1e-9).flatten()
    filters[(centres[1:-1][empty] * mel.size / mel.rate).round().long(), empty] = 1.0
    return filters.float()


def hann(mel: Mel) -> Tensor:
    """(size,) float32 periodic Hann window, in the middle of zeros."""
    window = torch.hann_window(mel.window, dtype=torch.float64).float()
    before = (mel.size - mel.window) // 2
    return F.pad(window, (before, mel.size - mel.window - before))


def energies(values: Tensor, mel: Mel, window: Tensor, filters: Tensor) -> Tensor:
    """(..., bands, frames) power in each band of waveforms (..., samples); frame t is centred at (t + 1/2) hop."""
    count = mel.frames(values.shape[-1])
    before = (mel.size - mel.hop) // 2
    after = (count - 1) * mel.hop + mel.size - before - values.shape[-1]
    cut = F.pad(values, (before, max(0, after))).unfold(-1, mel.size, mel.hop)[..., :count, :]
    spectrum = torch.view_as_real(torch.fft.rfft(cut * window))
    return (spectrum.square().sum(dim=-1) @ filters).transpose(-1, -2)


def real_frames(lengths: Tensor | None, samples: int, mel: Mel) -> Tensor | None:
    """(batch, frames) bool, True where a frame begins within the recording; None where all do."""
    if lengths is None:
        return None
    return torch.arange(mel.frames(samples), device=lengths.device) * mel.hop < lengths[:, None]


def log_mel(power: Tensor, real: Tensor | None, floor: float = FLOOR) -> Tensor:
    """(batch, channels, bands, frames) logarithms of `energies`, each band's mean over the recording taken off; padding is 0.

    ``log(E + floor * mean E)``: a recording at any level gives the same. Of silence, all is 0.
    """
    kept = torch.ones_like(power[:, :1, :1]) if real is None else real[:, None, None].to(power.dtype)
    count = kept.sum(dim=3, keepdim=True).clamp(min=1)
    level = (power * kept).sum(dim=3, keepdim=True).mean(dim=(1, 2), keepdim=True) / count
    told = torch.log(power + floor * level + TINY)
    told = told - (told * kept).sum(dim=3, keepdim=True) / count
    return told * kept


def described(values: Tensor, lengths: Tensor | None, rate: int) -> Tensor:
    """(batch, features) float32 of waveforms (batch, channels, samples) at unit scale: a dull description, and a strong one.

    20 frames of the log-mel spectrogram at evenly spaced points of the recording's own length, each the mean of what lies around
    it, each band's mean taken off; and each band's deviation.
    """
    mel = Mel.of(rate)
    power = energies(values.float(), mel, hann(mel).to(values.device), mel_filters(mel).to(values.device))
    real = real_frames(lengths, values.shape[2], mel)
    told = log_mel(power, real).flatten(1, 2)
    counts = torch.full((len(told),), told.shape[2], device=told.device) if real is None else real.sum(dim=1)
    sums = F.pad(told.cumsum(dim=2), (1, 0))
    edges = torch.linspace(0, 1, FRAMES + 1, device=told.device) * counts[:, None]
    begin = torch.minimum(edges[:, :-1], (edges[:, 1:] - 1).clamp(min=0))  # at least one whole frame
    end = torch.maximum(edges[:, 1:], begin + 1).clamp(max=told.shape[2])
    means = (at_places(sums, end) - at_places(sums, begin)) / (end - begin)[:, None]
    spread = (told.square().sum(dim=2) / counts[:, None]).sqrt()
    return torch.cat([means.flatten(1), spread], dim=1).float()


def decibels(power: Tensor) -> Tensor:
    """10 log10 of energies beside the largest of each recording, at least -60: what a person looks at."""
    largest = power.amax(dim=(-1, -2), keepdim=True).clamp(min=TINY)
    return (10 / math.log(10) * torch.log(power / largest + 1e-6)).clamp(min=-60)
