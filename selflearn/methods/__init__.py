"""Methods: one file each, found by name among the families; a person's own by `module:Class`."""

from selflearn.methods.base import Losses, Method, Outcome
from selflearn.methods.find import find, methods
from selflearn.methods.joint.base import Joint
from selflearn.methods.joint.contrast import Contrast
from selflearn.methods.joint.distillation import Distillation
from selflearn.methods.masked.base import Masked

__all__ = ["Contrast", "Distillation", "Joint", "Losses", "Masked", "Method", "Outcome", "find", "methods"]
