"""Views of series. Their unit scale: each channel with mean 0 and deviation 1 over the data set; padding is 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import torch
from pydantic import Field
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.series.picture import curves
from selflearn.data.series.spec import SeriesSpec
from selflearn.data.series.statistics import describe, standardised
from selflearn.errors import RecipeError
from selflearn.views.base import View
from selflearn.views.checks import ViewOptions, preset
from selflearn.views.compose import Compose
from selflearn.views.series import timing
from selflearn.views.series.changes import DropChannels, Flip, Frequencies, Hide, Jitter, Rotate, Scale
from selflearn.views.series.devices import Device
from selflearn.views.series.timing import Crop, Permute, Warp, Window

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Crop", "Device", "DropChannels", "Flip", "Frequencies", "Hide", "Jitter", "Permute", "Rotate", "Scale", "Standard",
           "Warp", "Window", "build", "deploy_inputs", "deployed", "draw", "flat", "made_up", "plain"]  # fmt: skip

Share = Annotated[float, Field(ge=0, le=1)]
Part = Annotated[float, Field(gt=0, le=1)]
Deviation = Annotated[float, Field(ge=0, le=5)]


class Standard:
    """Raw series at the unit scale.

    Parameters
    ----------
    spec : has the mean and deviation of each channel.
    """

    def __init__(self, spec: SeriesSpec) -> None:
        self.spec = spec

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """The whole series, unchanged otherwise."""
        if batch.values.ndim != 3 or batch.values.shape[1] != len(self.spec.channels):
            raise RecipeError(f"series must be (batch, {len(self.spec.channels)}, length), not {tuple(batch.values.shape)}")
        return batch.replace(values=standardised(self.spec, batch), changes={})


class _Changed(ViewOptions):
    window: Part = 1.0
    crop: Part = 0.6
    warp: Deviation = 0.0
    segments: Annotated[int, Field(ge=1, le=1000)] = 1
    scaling: Deviation = 0.2
    level: Deviation = 0.0
    frequency: Deviation = 0.0
    removed: Share = 0.0
    jitter: Deviation = 0.1
    hiding: Annotated[float, Field(ge=0, lt=1)] = 0.2
    channel_drop: Share = 0.0
    rotation: Annotated[float, Field(ge=0, le=180)] = 0.0
    flip: Share = 0.0


class _Multicrop(_Changed):
    crops: Annotated[int, Field(ge=0, le=32)] = 4
    local: Part = 0.4


class _Weak(ViewOptions):
    jitter: Deviation = 0.02
    scaling: Deviation = 0.05
    window: Part = 1.0


def build(spec: SeriesSpec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The views that a method gets, one entry a view.

    Parameters
    ----------
    spec : of the series.
    name : "standard": two views, each changed by what is not 0 (or 1) of `window` (least share of the steps that is cut out, as
        it is), `crop` (least share that is stretched to the whole), `warp`, `segments` (that change places), `scaling`, `level`,
        `frequency`, `removed` (frequencies), `jitter`, `hiding` (share of time), `channel_drop`, `rotation` (degrees) and `flip`.
        "multicrop": these two, then `crops` (4) windows of about `local` (0.4) of the steps. "weak": one view, with `jitter`,
        `scaling` and `window`. "devices": one of each device that recorded together, what it alone recorded, as it is. "plain":
        one, the series itself.
    size : None; a series has no other size than its own.

    Raises
    ------
    RecipeError : an unknown name or option, a value out of range, or a size.
    """
    plain(spec, size)
    make, chosen = preset(PRESETS, name, options, "series")
    return make(spec, chosen)


def plain(spec: SeriesSpec, size: int | None = None) -> View:
    """The series themselves, at the unit scale: the view for evaluation."""
    if size is not None:
        raise RecipeError(f"views of series have no size (got {size!r}); leave it out")
    return Standard(spec)


def _changed(spec: SeriesSpec, options: _Changed) -> list[View]:
    """What is done to one view, in order."""
    per = len(spec.channels) // spec.joints if spec.joints else 1
    made: list[tuple[bool, Callable[[], View]]] = [
        (options.window < 1, lambda: Window((options.window, 1.0))),
        (options.crop < 1, lambda: Crop((options.crop, 1.0))),
        (options.warp > 0, lambda: Warp(options.warp)),
        (options.segments > 1, lambda: Permute(options.segments)),
        (options.rotation > 0, lambda: Rotate(options.rotation, spec.std, upright=bool(spec.joints))),
        (options.flip > 0, lambda: Flip(options.flip)),
        (max(options.scaling, options.level) > 0, lambda: Scale(options.scaling, options.level, together=bool(spec.joints))),
        (max(options.frequency, options.removed) > 0, lambda: Frequencies(options.frequency, options.removed)),
        (options.jitter > 0, lambda: Jitter(options.jitter)),
        (options.hiding > 0, lambda: Hide(options.hiding)),
        (options.channel_drop > 0 and len(spec.channels) > per, lambda: DropChannels(options.channel_drop, per)),
    ]
    return [make() for wanted, make in made if wanted]


def _standard(spec: SeriesSpec, options: _Changed) -> list[View]:
    view = Compose([Standard(spec), *_changed(spec, options)])
    return [view, view]


def _multicrop(spec: SeriesSpec, options: _Multicrop) -> list[View]:
    small = options.model_copy(update={"window": 1.0, "crop": 1.0})
    share = (0.6 * options.local, min(1.0, 1.2 * options.local))
    local = Compose([Standard(spec), Window(share, scope="local"), *_changed(spec, small)], scope="local")
    return [*_standard(spec, options), *([local] * options.crops)]


def _weak(spec: SeriesSpec, options: _Weak) -> list[View]:
    parts: list[View] = [Standard(spec), Scale(options.scaling), Jitter(options.jitter)]
    return [Compose(parts if options.window == 1 else [*parts, Window((options.window, 1.0))])]


def _devices(spec: SeriesSpec, options: ViewOptions) -> list[View]:
    if not spec.devices:
        raise RecipeError("views of devices need to know how many recorded together: read the series with --read devices=NUMBER")
    return [Compose([Standard(spec), Device(number, spec.devices)]) for number in range(spec.devices)]


def _plain(spec: SeriesSpec, options: ViewOptions) -> list[View]:
    return [Standard(spec)]


CELLS = 64
"""Most cells along time where the segments of a series are looked for."""

PRESETS: dict[str, tuple[type[Any], Callable[[SeriesSpec, Any], list[View]]]] = {
    "standard": (_Changed, _standard),
    "multicrop": (_Multicrop, _multicrop),
    "weak": (_Weak, _weak),
    "devices": (ViewOptions, _devices),
    "plain": (ViewOptions, _plain),
}


def cells(spec: SeriesSpec, batch: Batch) -> Tensor:
    """(batch, channels, cells) raw series on a grid of at most 64 cells over the longest one's time, for their segments."""
    values = torch.nan_to_num(batch.values.float())
    filled = torch.nn.functional.pad(values, (0, max(0, spec.length - values.shape[2])))
    return torch.nn.functional.adaptive_avg_pool1d(filled, min(CELLS, spec.length))


def pieces(spec: SeriesSpec, view: Batch, tokens: int) -> Tensor:
    """(batch, tokens, numbers) spans of equal length, of all channels, resized where they do not divide the series."""
    steps = max(1, round(view.values.shape[2] / tokens))
    whole = torch.nn.functional.interpolate(view.values, tokens * steps, mode="linear")
    return whole.unflatten(2, (tokens, steps)).transpose(1, 2).flatten(2)


def places(spec: SeriesSpec, view: Batch, points: Tensor) -> Tensor:
    """(batch, points, axes): time, the last axis, as a share of the longest series; which channel it is stays."""
    time = (timing.places(view, points[..., -1]) + 0.5) / spec.length
    return torch.cat([points[..., :-1], time[..., None]], dim=-1)


def flat(spec: SeriesSpec, batch: Batch) -> Tensor:
    """(batch, features) of a view: the statistics and values of `Series.raw`."""
    return describe(batch.values, batch.lengths, spec.length)


def draw(spec: SeriesSpec, batch: Batch) -> list[Image]:
    """Each view as curves, without its padding."""
    lengths = [batch.values.shape[2]] * len(batch) if batch.lengths is None else batch.lengths.tolist()
    return [curves(values[:, :length].numpy(), 96) for values, length in zip(batch.values.cpu().float(), lengths, strict=True)]


class _Steps(nn.Module):
    """(batch, channels, length) raw values, and where lengths vary (batch,) lengths -> a batch at the unit scale.

    A missing value (NaN) becomes its channel's mean.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, spec: SeriesSpec) -> None:
        super().__init__()
        self.varies = spec.varies
        self.register_buffer("mean", torch.tensor(spec.mean, dtype=torch.float32)[:, None])
        self.register_buffer("std", torch.tensor(spec.std, dtype=torch.float32)[:, None])

    def forward(self, values: Tensor, lengths: Tensor | None = None) -> Batch:
        number = torch.zeros(values.shape[0], dtype=torch.int64, device=values.device)
        scaled = (values.to(torch.float32) - self.mean) / self.std
        scaled = torch.where(torch.isnan(scaled), 0.0, scaled)
        if lengths is None:
            return Batch(scaled, number, number)
        real = torch.arange(values.shape[2], device=values.device) < lengths[:, None]
        return Batch(scaled * real[:, None], number, number, lengths=lengths, mask=real)


def deployed(spec: SeriesSpec) -> nn.Module:
    """The plain view as a module that can be exported."""
    return _Steps(spec)


def deploy_inputs(batch: Batch) -> dict[str, Tensor]:
    """The raw values, and where lengths vary these."""
    return {"values": batch.values, **({} if batch.lengths is None else {"lengths": batch.lengths})}


def made_up(spec: SeriesSpec, samples: int, seed: int = 0) -> Batch:
    """Random walks of each channel's mean and deviation; of random lengths where lengths vary, the first of the full one."""
    generator = torch.Generator().manual_seed(seed)
    walk = torch.randn(samples, len(spec.channels), spec.length, generator=generator).cumsum(2) / spec.length**0.5
    values = walk * torch.tensor(spec.std)[:, None] + torch.tensor(spec.mean)[:, None]
    batch = Batch(values.float(), torch.arange(samples), torch.full((samples,), -1))
    if not spec.varies:
        return batch
    lengths = torch.randint(2, spec.length + 1, (samples,), generator=generator)
    lengths[0] = spec.length
    return batch.replace(lengths=lengths, mask=torch.arange(spec.length) < lengths[:, None])
