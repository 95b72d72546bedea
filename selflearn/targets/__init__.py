"""Targets: the side that this step's gradient does not train. Each owns its state in buffers and says how ranks agree on it."""

from selflearn.targets.centre import Centre
from selflearn.targets.known_pairs import KnownPairs
from selflearn.targets.moment import SecondMoment
from selflearn.targets.prototypes import Prototypes
from selflearn.targets.queue import Queue
from selflearn.targets.ramp import Ramp
from selflearn.targets.sinkhorn import sinkhorn
from selflearn.targets.teacher import Teacher

__all__ = ["Centre", "KnownPairs", "Prototypes", "Queue", "Ramp", "SecondMoment", "Teacher", "sinkhorn"]
