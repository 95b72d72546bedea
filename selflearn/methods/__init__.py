"""Methods: one file each, found by name among the families; a person's own by `module:Class`."""

from selflearn.methods.base import Losses, Method, Outcome
from selflearn.methods.find import find, methods
from selflearn.methods.joint.base import Joint
from selflearn.methods.joint.distillation import Distillation

__all__ = ["Distillation", "Joint", "Losses", "Method", "Outcome", "find", "methods"]
