"""The gradient stage on Lightning: budgets, schedules, optimisers, monitors, checkpoints, the run folder, streaming embedding."""

from selflearn.training.budget import Budget, parse_budget
from selflearn.training.calibration import calibrate
from selflearn.training.checkpoint import Checkpoints
from selflearn.training.embedding import embed
from selflearn.training.fit import fit
from selflearn.training.folder import RunFolder
from selflearn.training.metrics import read_metrics
from selflearn.training.monitors import Monitor, Reading
from selflearn.training.optimisers import Lars, make_optimiser
from selflearn.training.precision import PrecisionChoice, choose_device, choose_precision
from selflearn.training.progress import FitOutcome, Progress
from selflearn.training.schedules import rate
from selflearn.training.settings import FitSettings, OptimiserSettings, ReplaceSettings, ScheduleSettings
from selflearn.training.tokens import embed_tokens

__all__ = [
    "Budget",
    "Checkpoints",
    "FitOutcome",
    "FitSettings",
    "Lars",
    "Monitor",
    "OptimiserSettings",
    "PrecisionChoice",
    "Progress",
    "Reading",
    "ReplaceSettings",
    "RunFolder",
    "ScheduleSettings",
    "calibrate",
    "choose_device",
    "choose_precision",
    "embed",
    "embed_tokens",
    "fit",
    "make_optimiser",
    "parse_budget",
    "rate",
    "read_metrics",
]
