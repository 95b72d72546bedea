"""Views of pictures: each class can be used alone, in anyone's loop; `build` lists them by name."""

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate, pixel_unshuffle

from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageSpec
from selflearn.networks.patches import grid_of
from selflearn.views.image import geometry
from selflearn.views.image.blur import Blur
from selflearn.views.image.colour import Colour
from selflearn.views.image.deploy import deploy_inputs, deployed, made_up
from selflearn.views.image.draw import draw, flat
from selflearn.views.image.erase import Erase
from selflearn.views.image.geometry import Geometry
from selflearn.views.image.presets import asked, build, plain
from selflearn.views.image.questions import Jigsaw, Position, Tiles, Turn
from selflearn.views.image.tones import Noise, Posterise, Solarise

CELLS = 32
"""Most cells along a side of a picture where its segments are looked for."""

__all__ = [
    "Blur",
    "Colour",
    "Erase",
    "Geometry",
    "Jigsaw",
    "Noise",
    "Position",
    "Posterise",
    "Solarise",
    "Tiles",
    "Turn",
    "asked",
    "build",
    "cells",
    "deploy_inputs",
    "deployed",
    "draw",
    "flat",
    "made_up",
    "pieces",
    "places",
    "plain",
]


def cells(spec: ImageSpec, batch: Batch) -> Tensor:
    """(batch, channels, rows, columns) raw pictures on a grid of at most 32 x 32 cells, for their segments."""
    height, width = batch.values.shape[2:]
    return adaptive_avg_pool2d(batch.values.float(), (min(CELLS, height), min(CELLS, width)))


def pieces(spec: ImageSpec, view: Batch, tokens: int) -> Tensor:
    """(batch, tokens, numbers) patches of a grid, row by row, resized where the grid does not divide the picture."""
    rows, columns = grid_of(tokens, *view.values.shape[2:])
    side = max(1, round(view.values.shape[2] / rows))
    whole = interpolate(view.values, (rows * side, columns * side), mode="bilinear", antialias=True)
    return pixel_unshuffle(whole, side).flatten(2).transpose(1, 2)


def places(spec: ImageSpec, view: Batch, points: Tensor) -> Tensor:
    """(batch, points, 2) shares of the picture's height and width."""
    return geometry.places(view.changes, points)
