"""How a recording looks to a person: its waveform above, its spectrogram below."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw

from selflearn.data.sound.spectrum import Mel, decibels, energies, hann, mel_filters

_COLOURS = np.array(
    [(13, 8, 45), (66, 10, 104), (147, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164)], dtype=np.float64
)  # dark to bright, also in grey and for the colour-blind
_WAVE = "#1f5fa8"
_LEVELS = 15  # of 4 dB each: more cannot be told apart, and would double the size of a report


def portrait(values: np.ndarray, rate: int, size: int) -> Image.Image:
    """An RGB picture of (samples, channels) at any scale: the waveform over its own largest value, and 60 dB of mel bands."""
    line = np.nan_to_num(np.asarray(values, dtype=np.float32)).reshape(len(values), -1).mean(axis=1)
    high = max(8, size // 3)
    image = Image.new("RGB", (size, size), "white")
    image.paste(_spectrogram(line, rate, size, size - high), (0, high))
    draw = ImageDraw.Draw(image)
    reach = max(float(np.abs(line).max(initial=0.0)), 1e-9)
    parts = [part for part in np.array_split(line, min(size, max(1, len(line)))) if len(part)]
    middle = (high - 1) / 2
    for column in range(size):
        part = parts[column * len(parts) // size]
        top, bottom = (middle - each / reach * middle for each in (part.max(), part.min()))
        draw.line((column, float(top), column, float(max(bottom, top + 1))), fill=_WAVE)
    return image


def _spectrogram(line: np.ndarray, rate: int, width: int, height: int) -> Image.Image:
    mel = Mel.of(rate)
    with torch.no_grad():
        power = energies(torch.from_numpy(line)[None], mel, hann(mel), mel_filters(mel))[0]
        share = (1 + decibels(power) / 60).numpy()[::-1]
    grey = Image.fromarray(np.ascontiguousarray(share, dtype=np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    steps = np.rint(np.asarray(grey).clip(0, 1) * _LEVELS) / _LEVELS * (len(_COLOURS) - 1)
    low = np.clip(np.floor(steps).astype(int), 0, len(_COLOURS) - 2)
    part = (steps - low)[..., None]
    colours = _COLOURS[low] * (1 - part) + _COLOURS[low + 1] * part
    return Image.fromarray(colours.astype(np.uint8))
