"""Targets: the side that this step's gradient does not train. Each owns its state in buffers and says how ranks agree on it."""

from selflearn.targets.centre import Centre
from selflearn.targets.frozen import Frozen
from selflearn.targets.kmeans import kmeans
from selflearn.targets.memory import Memory
from selflearn.targets.mixture import gate, two_gaussians
from selflearn.targets.prototypes import Prototypes
from selflearn.targets.queue import Queue
from selflearn.targets.ramp import Ramp
from selflearn.targets.sinkhorn import sinkhorn
from selflearn.targets.teacher import Teacher

__all__ = ["Centre", "Frozen", "Memory", "Prototypes", "Queue", "Ramp", "Teacher", "gate", "kmeans", "sinkhorn", "two_gaussians"]
