"""The lists of image views that methods ask for by name, in the proportions of their publications, fitted to the pictures.

Fitted means: below 64 pixels nothing is blurred (the published blur, scaled down, is then about half a pixel wide), pictures
without colour are not solarised or given colour changes, and only pictures with colour are mirrored unless asked for (a
mirrored digit or letter is another sign).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from selflearn.data.questions import Asked
from selflearn.views.base import View
from selflearn.views.checks import ViewOptions, checked_options, preset
from selflearn.views.compose import Compose
from selflearn.views.image.blur import Blur
from selflearn.views.image.colour import Colour
from selflearn.views.image.geometry import Geometry
from selflearn.views.image.questions import POSITION, ROTATION, TURNS, Jigsaw, Position, Turn
from selflearn.views.image.tones import Solarise

if TYPE_CHECKING:
    from selflearn.data.images import ImageSpec

PUBLISHED_SIZE = 224  # the pixels that published widths of blur and crops are meant for
LEAST_BLURRED = 64
TINY = 16

Area = Annotated[float, Field(gt=0, le=1)]
Side = Annotated[int, Field(ge=1, le=4096)]


@dataclass(frozen=True)
class Look:
    """One view's share of a preset: area of the crop, strengths of brightness, contrast, saturation and hue, and probabilities."""

    scale: tuple[float, float]
    jitter: tuple[float, float, float, float]
    jittered: float = 0.8
    grey: float = 0.2
    blur: float = 0.0
    solarise: float = 0.0
    rotation: float = 0.0


class Mirrors(ViewOptions):
    """Options of every name: which mirror images are the same thing. None: mirrored left to right where there is colour."""

    horizontal_flip: bool | None = None
    vertical_flip: bool = False


class Cropped(Mirrors):
    """Options of "weak": the crop's share of the area (None: the preset's own) and the largest rotation in degrees."""

    scale: tuple[Area, Area] | None = None
    rotation: Annotated[float, Field(ge=0, le=180)] | None = None


class Pair(Cropped):
    """Options of "standard", "simclr" and "byol": the crop, and a factor on the preset's colour strengths."""

    strength: Annotated[float, Field(ge=0, le=2)] = 1.0


class Crops(Mirrors):
    """Options of "dino" and "multicrop": number, size and area of the small crops, area of the large ones, colour strength."""

    local: Annotated[int, Field(ge=0, le=64)] = 6
    local_size: Side | None = None
    global_scale: tuple[Area, Area] | None = None
    local_scale: tuple[Area, Area] | None = None
    strength: Annotated[float, Field(ge=0, le=2)] = 1.0


class Tiled(Cropped):
    """Options of "position" and "jigsaw": the crop, the share of pictures without colour, and a tile's share of its cell."""

    grey: Annotated[float, Field(ge=0, le=1)] = 0.3
    tile: Annotated[float, Field(ge=0.1, le=1)] | None = None


class Puzzle(Tiled):
    """Options of "jigsaw": those of "position", cells along each side, and how many orders there are."""

    grid: Annotated[int, Field(ge=2, le=3)] = 3
    orders: Annotated[int, Field(ge=2, le=1000)] | None = None


def build(spec: ImageSpec, name: str = "standard", size: int | None = None, **options: Any) -> list[View]:
    """The views that a method gets, one entry a view.

    Parameters
    ----------
    spec : of the pictures.
    name : the list.
        "standard": two alike views; SimCLR at half its colour strength without very small crops (area 0.2 to 1), as is usual
        off ImageNet. Pictures under 16 pixels are cropped less (area 0.5 to 1) and turned by up to 10 degrees.
        "simclr": two alike views; Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations", 2020.
        "byol": an unlike pair; Grill et al., "Bootstrap Your Own Latent", 2020.
        "multicrop": two large crops and `local` small ones; Caron et al., "Unsupervised Learning of Visual Features by
        Contrasting Cluster Assignments", 2020.
        "dino": the same, unlike; Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", 2021.
        "weak": one crop and flip; He et al., "Masked Autoencoders Are Scalable Vision Learners", 2022.
        "rotation": one crop turned in all four ways, a view each, which asks how far; "position": the middle tile of a crop and one
        beside it, which asks where that lies; "jigsaw": all tiles of a crop, which asks for their order. (`questions` has their
        sources.) Crops are as "weak", some without colour (`grey`), so that its fringes do not tell.
        "plain": the picture itself, for evaluation.
    size : pixels of each side; None takes the stored side (the shorter one).
    options : `horizontal_flip`, `vertical_flip` of all but "plain"; `scale`, `rotation` of "standard", "simclr", "byol", "weak";
        `strength` (a factor on the colour changes) of all but "weak" and "plain"; `local`, `local_size`, `global_scale`,
        `local_scale` of "dino" and "multicrop"; `grey` (the share of pictures without colour) and `tile` (a tile's side as a share
        of its cell's) of "position" and "jigsaw", `grid` and `orders` of "jigsaw".

    Raises
    ------
    RecipeError : an unknown name or option, or a value out of range.
    """
    make, chosen = preset(PRESETS, name, options, "pictures")
    return make(spec, target_size(spec, size), chosen)


def plain(spec: ImageSpec, size: int | None = None) -> View:
    """The whole picture in its true proportions, borders reflected where it is not square: the view for evaluation."""
    return Geometry(target_size(spec, size), low=spec.low, high=spec.high)


def target_size(spec: ImageSpec, size: int | None = None) -> int:
    """`size`, or the shorter stored side."""
    return min(spec.height, spec.width) if size is None else size


def default_local_size(size: int) -> int:
    """The published 96 of 224 pixels, rounded so that usual patches (of 16, 4 or 2 pixels) fit: 12 for 32, 48 for 96."""
    patch = 16 if size >= LEAST_BLURRED else 4 if size >= TINY else 2
    return max(patch, round(size * 96 / PUBLISHED_SIZE / patch) * patch)


def _view(spec: ImageSpec, size: int, look: Look, options: Mirrors, scope: str = "global", published: int = PUBLISHED_SIZE) -> View:
    colour = spec.colour and spec.channels == 3
    flip = colour if options.horizontal_flip is None else options.horizontal_flip
    views: list[View] = [
        Geometry(
            size,
            scale=look.scale,
            horizontal_flip=0.5 * flip,
            vertical_flip=0.5 * options.vertical_flip,
            rotation=look.rotation,
            low=spec.low,
            high=spec.high,
        )
    ]
    if look.jittered > 0 or look.grey > 0:
        views.append(Colour(*look.jitter, probability=look.jittered, grey=look.grey, coloured=colour))
    if look.blur > 0 and size >= LEAST_BLURRED:
        views.append(Blur((0.1 * size / published, 2.0 * size / published), look.blur))
    if look.solarise > 0 and colour:
        views.append(Solarise(probability=look.solarise))
    return Compose(views, scope)


def _pair(looks: tuple[Look, Look]) -> Callable[[ImageSpec, int, Pair], list[View]]:
    def make(spec: ImageSpec, size: int, options: Pair) -> list[View]:
        return [_view(spec, size, _tuned(look, options, options.strength), options) for look in looks]

    return make


def _standard(spec: ImageSpec, size: int, options: Pair) -> list[View]:
    look = replace(STANDARD, scale=(0.5, 1.0), rotation=10.0) if size < TINY else STANDARD
    return _pair((look, look))(spec, size, options)


def _weak(spec: ImageSpec, size: int, options: Cropped) -> list[View]:
    look = replace(WEAK, scale=(0.5, 1.0)) if size < TINY else WEAK
    return [_view(spec, size, _tuned(look, options), options)]


def _crops(large: tuple[Look, Look], small: Look) -> Callable[[ImageSpec, int, Crops], list[View]]:
    def make(spec: ImageSpec, size: int, options: Crops) -> list[View]:
        def look(preset: Look, scale: tuple[float, float] | None) -> Look:
            return replace(preset, scale=scale or preset.scale, jitter=_stronger(preset.jitter, options.strength))

        local_size = options.local_size or default_local_size(size)
        views = [_view(spec, size, look(each, options.global_scale), options) for each in large]
        local = _view(spec, local_size, look(small, options.local_scale), options, "local", published=96)
        return views + [local] * options.local

    return make


def asked(spec: ImageSpec, classes: int, name: str = "standard", size: int | None = None, **options: Any) -> dict[str, Asked]:
    """What the views of this name will ask; labels have no part in it."""
    if name == "rotation":
        return {"rotation": ROTATION}
    if name == "position":
        return {"position": POSITION}
    if name == "jigsaw":
        chosen = checked_options(Puzzle, options, "views 'jigsaw' of pictures")
        return {"jigsaw": Asked(chosen.grid**2, _orders(chosen), "classes", ordered=True)}
    return {}


def _rotation(spec: ImageSpec, size: int, options: Cropped) -> list[View]:
    (crop,) = _weak(spec, size, options)
    return [Compose([crop, Turn(turns)]) for turns in range(TURNS)]


def _position(spec: ImageSpec, size: int, options: Tiled) -> list[View]:
    return [Compose([_some_grey(spec, size, options), Position(**_tile(options))])]


def _jigsaw(spec: ImageSpec, size: int, options: Puzzle) -> list[View]:
    return [Compose([_some_grey(spec, size, options), Jigsaw(options.grid, orders=_orders(options), **_tile(options))])]


def _tile(options: Tiled) -> dict[str, float]:
    return {} if options.tile is None else {"share": options.tile}


def _orders(options: Puzzle) -> int:
    """Of nine tiles 64 of the 362,880, of four all 24, unless told."""
    return options.orders or (64 if options.grid == 3 else 24)


def _some_grey(spec: ImageSpec, size: int, options: Tiled) -> View:
    look = replace(WEAK, scale=(0.5, 1.0), grey=options.grey)
    return _view(spec, size, _tuned(look, options), options)


def _plain(spec: ImageSpec, size: int, options: ViewOptions) -> list[View]:
    return [plain(spec, size)]


def _tuned(look: Look, options: Cropped, strength: float = 1.0) -> Look:
    return replace(
        look,
        scale=options.scale or look.scale,
        rotation=look.rotation if options.rotation is None else options.rotation,
        jitter=_stronger(look.jitter, strength),
    )


def _stronger(jitter: tuple[float, float, float, float], strength: float) -> tuple[float, float, float, float]:
    brightness, contrast, saturation, hue = (each * strength for each in jitter)
    return brightness, contrast, saturation, min(hue, 0.5)


STANDARD = Look((0.2, 1.0), (0.4, 0.4, 0.4, 0.1), blur=0.5)
WEAK = Look((0.2, 1.0), (0.0, 0.0, 0.0, 0.0), jittered=0.0, grey=0.0)
SIMCLR = Look((0.08, 1.0), (0.8, 0.8, 0.8, 0.2), blur=0.5)
BYOL = (Look((0.08, 1.0), (0.4, 0.4, 0.2, 0.1), blur=1.0), Look((0.08, 1.0), (0.4, 0.4, 0.2, 0.1), blur=0.1, solarise=0.2))
DINO = (Look((0.4, 1.0), (0.4, 0.4, 0.2, 0.1), blur=1.0), Look((0.4, 1.0), (0.4, 0.4, 0.2, 0.1), blur=0.1, solarise=0.2))
DINO_LOCAL = Look((0.05, 0.4), (0.4, 0.4, 0.2, 0.1), blur=0.5)
SWAV = Look((0.14, 1.0), (0.8, 0.8, 0.8, 0.2), blur=0.5)
SWAV_LOCAL = replace(SWAV, scale=(0.05, 0.14))

PRESETS: dict[str, tuple[type[Any], Callable[[ImageSpec, int, Any], list[View]]]] = {
    "standard": (Pair, _standard),
    "simclr": (Pair, _pair((SIMCLR, SIMCLR))),
    "byol": (Pair, _pair(BYOL)),
    "dino": (Crops, _crops(DINO, DINO_LOCAL)),
    "multicrop": (Crops, _crops((SWAV, SWAV), SWAV_LOCAL)),
    "weak": (Cropped, _weak),
    "rotation": (Cropped, _rotation),
    "position": (Tiled, _position),
    "jigsaw": (Puzzle, _jigsaw),
    "plain": (ViewOptions, _plain),
}
