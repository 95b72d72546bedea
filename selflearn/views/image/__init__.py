"""Views of pictures: each class can be used alone, in anyone's loop; `build` lists them by name."""

from selflearn.views.image.blur import Blur
from selflearn.views.image.colour import Colour
from selflearn.views.image.deploy import deploy_inputs, deployed, made_up
from selflearn.views.image.draw import draw, flat
from selflearn.views.image.erase import Erase
from selflearn.views.image.geometry import Geometry
from selflearn.views.image.presets import asked, build, plain
from selflearn.views.image.questions import Jigsaw, Position, Tiles, Turn
from selflearn.views.image.tones import Noise, Posterise, Solarise

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
    "deploy_inputs",
    "deployed",
    "draw",
    "flat",
    "made_up",
    "plain",
]
