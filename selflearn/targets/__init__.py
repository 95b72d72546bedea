"""Targets: the side that this step's gradient does not train. Each owns its state in buffers and says how ranks agree on it."""

from selflearn.targets.centre import Centre
from selflearn.targets.codebook import Codebook, RandomQuantiser
from selflearn.targets.frozen import Frozen
from selflearn.targets.gumbel import Chosen, GumbelCodebook
from selflearn.targets.kmeans import kmeans, nearest
from selflearn.targets.known_pairs import KnownPairs
from selflearn.targets.memory import Memory
from selflearn.targets.mixture import gate, two_gaussians
from selflearn.targets.moment import SecondMoment
from selflearn.targets.prototypes import Prototypes
from selflearn.targets.queue import Queue
from selflearn.targets.ramp import Ramp
from selflearn.targets.sinkhorn import sinkhorn
from selflearn.targets.teacher import Teacher

__all__ = [
    "Centre",
    "Chosen",
    "Codebook",
    "Frozen",
    "GumbelCodebook",
    "KnownPairs",
    "Memory",
    "Prototypes",
    "Queue",
    "Ramp",
    "RandomQuantiser",
    "SecondMoment",
    "Teacher",
    "gate",
    "kmeans",
    "nearest",
    "sinkhorn",
    "two_gaussians",
]
