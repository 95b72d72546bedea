"""Views of sound. Their unit scale: waveforms whose full scale is 1; padding is 0. Encoders make log-mel frames of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.sound.picture import portrait
from selflearn.data.sound.spec import SoundSpec
from selflearn.data.sound.spectrum import described
from selflearn.errors import RecipeError
from selflearn.views.base import View
from selflearn.views.checks import Share, ViewOptions, preset
from selflearn.views.compose import Compose
from selflearn.views.series.changes import Hide
from selflearn.views.sound.changes import Crop, Gain, Noise
from selflearn.views.sound.spectral import Spectral

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "Crop",
    "Gain",
    "Noise",
    "Spectral",
    "Unit",
    "build",
    "deploy_inputs",
    "deployed",
    "draw",
    "filled",
    "flat",
    "made_up",
    "plain",
]

Part = Annotated[float, Field(gt=0, le=1)]
Decibels = Annotated[float, Field(ge=0, le=60)]
Pair = tuple[float, float]


class Unit:
    """Stored samples at the unit scale.

    Parameters
    ----------
    spec : has the stored type and the number of channels.
    """

    def __init__(self, spec: SoundSpec) -> None:
        self.spec = spec

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """The whole recording, unchanged otherwise."""
        if batch.values.ndim != 3 or batch.values.shape[1] != self.spec.channels:
            raise RecipeError(f"sound must be (batch, {self.spec.channels}, samples), not {tuple(batch.values.shape)}")
        return batch.replace(values=batch.values.to(torch.float32) / self.spec.full, changes={})


class _Changed(ViewOptions):
    seconds: Annotated[float, Field(gt=0, le=3600)] | None = None
    crop: Part = 0.8
    speed: Annotated[float, Field(ge=0, le=1)] = 0.15
    equaliser: Decibels = 4.0
    bands: Annotated[float, Field(ge=0, lt=1)] = 0.2
    room: Share = 0.2
    decay: Pair = (0.1, 0.4)
    wet: Pair = (-15.0, 0.0)
    gain: Decibels = 6.0
    snr: Pair = (5.0, 30.0)
    noise: Share = 0.5
    hiding: Annotated[float, Field(ge=0, lt=1)] = 0.1


class _Multicrop(_Changed):
    crops: Annotated[int, Field(ge=0, le=32)] = 4
    local: Part = 0.5


class _Weak(ViewOptions):
    seconds: Annotated[float, Field(gt=0, le=3600)] | None = None
    gain: Decibels = 3.0
    snr: Pair = (20.0, 40.0)
    noise: Share = 0.0


def build(spec: SoundSpec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The views that a method gets, one entry a view.

    Parameters
    ----------
    spec : of the sound.
    name : "standard": two views. Each is a piece of at most `seconds` (None: as long as three in four recordings) and at least the
        share `crop` of a recording, changed by what is not 0 of `speed` (logarithm of the fastest), `equaliser` (deviation in dB),
        `bands` (largest share of the mel scale that is hidden), `room` (probability of reverberation, of `decay` seconds and `wet`
        dB), `gain` (dB up or down), `noise` (probability; at `snr` dB) and `hiding` (share of time). "multicrop": these two, then
        `crops` (4) pieces of about `local` (0.5) of that length. "weak": one piece, with `gain` and `noise`. "plain": all.
    size : None; a recording has no other size than its own.

    Raises
    ------
    RecipeError : an unknown name or option, a value out of range, or a size.
    """
    plain(spec, size)
    make, chosen = preset(PRESETS, name, options, "sound")
    return make(spec, chosen)


def plain(spec: SoundSpec, size: int | None = None) -> View:
    """The recordings themselves, at the unit scale: the view for evaluation."""
    if size is not None:
        raise RecipeError(f"views of sound have no size (got {size!r}); say seconds, or leave it out")
    return Unit(spec)


def _samples(spec: SoundSpec, seconds: float | None) -> int:
    return spec.usual if seconds is None else max(2, min(spec.length, round(seconds * spec.rate)))


def _changed(spec: SoundSpec, options: _Changed) -> list[View]:
    """What is done to one piece, in order."""
    linear = max(options.speed, options.equaliser, options.bands, options.room)
    made: list[tuple[bool, Callable[[], View]]] = [
        (linear > 0, lambda: Spectral(spec.rate, options.speed, options.equaliser, options.bands, options.room, options.decay,
                                      options.wet)),
        (options.gain > 0, lambda: Gain((-options.gain, options.gain))),
        (options.hiding > 0, lambda: Hide(options.hiding, spans=1)),
        (options.noise > 0, lambda: Noise(options.snr, options.noise)),
    ]  # fmt: skip
    return [make() for wanted, make in made if wanted]


def _standard(spec: SoundSpec, options: _Changed) -> list[View]:
    crop = Crop(_samples(spec, options.seconds), (options.crop, 1.0))
    view = Compose([crop, Unit(spec), *_changed(spec, options)])  # cut first: there is less to bring to scale
    return [view, view]


def _multicrop(spec: SoundSpec, options: _Multicrop) -> list[View]:
    crop = Crop(_samples(spec, options.seconds), (0.6 * options.local, min(1.0, 1.2 * options.local)), scope="local")
    local = Compose([crop, Unit(spec), *_changed(spec, options)], scope="local")
    return [*_standard(spec, options), *([local] * options.crops)]


def _weak(spec: SoundSpec, options: _Weak) -> list[View]:
    parts: list[View] = [Crop(_samples(spec, options.seconds)), Unit(spec)]
    if options.gain > 0:
        parts.append(Gain((-options.gain, options.gain)))
    if options.noise > 0:
        parts.append(Noise(options.snr, options.noise))
    return [Compose(parts)]


def _plain(spec: SoundSpec, options: ViewOptions) -> list[View]:
    return [Unit(spec)]


CELLS = 64
"""Most cells along time where the segments of a recording are looked for."""

PRESETS: dict[str, tuple[type[Any], Callable[[SoundSpec, Any], list[View]]]] = {
    "standard": (_Changed, _standard),
    "multicrop": (_Multicrop, _multicrop),
    "weak": (_Weak, _weak),
    "plain": (ViewOptions, _plain),
}


def cells(spec: SoundSpec, batch: Batch) -> Tensor:
    """(batch, channels, cells) the logarithm of the power in at most 64 cells over the longest recording's time."""
    values = batch.values.float()
    filled = torch.nn.functional.pad(values, (0, max(0, spec.length - values.shape[2])))
    power = torch.nn.functional.adaptive_avg_pool1d(filled.square(), min(CELLS, spec.length))
    return (power / power.amax(2, keepdim=True).clamp(min=1e-12) + 1e-4).log()


def places(spec: SoundSpec, view: Batch, points: Tensor) -> Tensor:
    """(batch, points, 1) time as a share of the longest recording: pieces lie where they were cut out, at their own speed."""
    samples = points * view.values.shape[2]
    if "speed" in view.changes:
        samples = samples * view.changes["speed"][..., None]
    if "crop" in view.changes:
        samples = samples + view.changes["crop"][:, :1, None]
    return samples / spec.length


def flat(spec: SoundSpec, batch: Batch) -> Tensor:
    """(batch, features) of a view: the description of `Sound.raw`."""
    return described(batch.values, batch.lengths, spec.rate)


def draw(spec: SoundSpec, batch: Batch) -> list[Image]:
    """Each view as waveform and spectrogram, without its padding."""
    lengths = [batch.values.shape[2]] * len(batch) if batch.lengths is None else batch.lengths.tolist()
    values = batch.values.cpu().float()
    return [portrait(each[:, : max(length, 1)].T.numpy(), spec.rate, 96) for each, length in zip(values, lengths, strict=True)]


class _Samples(nn.Module):
    """(batch, channels, samples) stored values, and where lengths vary (batch,) lengths -> a batch at the unit scale."""

    def __init__(self, spec: SoundSpec) -> None:
        super().__init__()
        self.full = spec.full

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Batch:
        number = torch.zeros(values.shape[0], dtype=torch.int64, device=values.device)
        scaled = values.to(torch.float32) / self.full
        scaled = torch.where(torch.isnan(scaled), 0.0, scaled)
        if lengths is None:
            return Batch(scaled, number, number)
        real = torch.arange(values.shape[2], device=values.device) < lengths[:, None]
        return Batch(scaled * real[:, None], number, number, lengths=lengths, mask=real)


def deployed(spec: SoundSpec) -> nn.Module:
    """The plain view as a module that can be exported."""
    return _Samples(spec)


def filled(spec: SoundSpec, batch: Batch) -> Batch:
    """The batch with more padding, as long as the longest recording."""
    more = spec.length - batch.values.shape[2]
    if not spec.varies or more <= 0:
        return batch
    mask = None if batch.mask is None else nn.functional.pad(batch.mask, (0, more))
    return batch.replace(values=nn.functional.pad(batch.values, (0, more)), mask=mask)


def deploy_inputs(batch: Batch) -> dict[str, Tensor]:
    """The stored values, and where lengths vary these."""
    return {"values": batch.values, **({} if batch.lengths is None else {"lengths": batch.lengths})}


def made_up(spec: SoundSpec, samples: int, seed: int = 0) -> Batch:
    """Noise at a quarter of full scale; of random lengths where lengths vary, the first of the full one."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(samples, spec.channels, spec.length, generator=generator).clamp(-4, 4) / 16 * spec.full
    stored = values.to(torch.int16 if spec.dtype == "int16" else torch.float32)
    batch = Batch(stored, torch.arange(samples), torch.full((samples,), -1))
    if not spec.varies:
        return batch
    lengths = torch.randint(2, spec.length + 1, (samples,), generator=generator)
    lengths[0] = spec.length
    real = torch.arange(spec.length) < lengths[:, None]
    return batch.replace(values=stored * real[:, None], lengths=lengths, mask=real)
