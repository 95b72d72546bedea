"""What encoders of sound look at: log-mel frames, made on the device; or waveforms at one level."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.sound.spec import SoundSpec
from selflearn.data.sound.spectrum import Mel, energies, hann, log_mel, mel_filters, real_frames

SCALE = 0.5
"""Brings log-mel values of speech, which deviate by about two, to about one."""


class LogMel(nn.Module):
    """Waveforms to log-mel frames without each recording's own mean in each band, so that level and colouring do not tell.

    Parameters
    ----------
    spec : of the sound.
    bands : mel bands; 0 takes 40 for rates up to 10 kHz, else 64.
    window, hop : seconds of a frame, and from one to the next.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, spec: SoundSpec, bands: int = 0, window: float = 0.025, hop: float = 0.010) -> None:
        super().__init__()
        self.mel = Mel.of(spec.rate, bands, window, hop)
        self.register_buffer("window", hann(self.mel), persistent=False)
        self.register_buffer("filters", mel_filters(self.mel), persistent=False)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """(batch, channels, bands, frames) float32, and (batch, frames) bool which are real; None where all are."""
        with torch.autocast(batch.values.device.type, enabled=False):
            power = energies(precise(batch.values), self.mel, self.window, self.filters)
            real = real_frames(lengths_of(batch), batch.values.shape[2], self.mel)
            return SCALE * log_mel(power, real), real


def precise(values: Tensor) -> Tensor:
    """At least single precision: energies of sound span more than half precision holds."""
    return values if values.dtype == torch.float64 else values.float()


def lengths_of(batch: Batch) -> Tensor | None:
    """(batch,) real samples of each recording; None where there is no padding."""
    if batch.lengths is None and batch.mask is not None:
        return batch.mask.sum(dim=1)
    return batch.lengths


def at_one_level(batch: Batch) -> Tensor:
    """(batch, channels, samples) waveforms whose mean is 0 and whose root mean square over what is real is 1; silence stays 0."""
    with torch.autocast(batch.values.device.type, enabled=False):
        values = precise(batch.values)
        real = torch.ones_like(values[:, :1]) if batch.mask is None else batch.mask[:, None].to(values.dtype)
        count = real.sum(dim=2, keepdim=True).clamp(min=1)
        centred = (values - (values * real).sum(dim=2, keepdim=True) / count) * real
        power = centred.square().sum(dim=2, keepdim=True).mean(dim=1, keepdim=True) / count
        return centred / (power + 1e-12).sqrt()
