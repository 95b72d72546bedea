"""selflearn learns from data that nobody labelled."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "PriorFittedClassifier": "selflearn.in_context",
    "PriorFittedRegressor": "selflearn.in_context",
    "SelfLearner": "selflearn.estimator",
    "SelfLearningClassifier": "selflearn.estimator",
    "learn": "selflearn.workflow",
    "load": "selflearn.workflow",
    "resume": "selflearn.workflow",
    "Run": "selflearn.workflow",
    "SelflearnError": "selflearn.errors",
}

__all__ = [
    "PriorFittedClassifier",
    "PriorFittedRegressor",
    "Run",
    "SelfLearner",
    "SelfLearningClassifier",
    "SelflearnError",
    "__version__",
    "learn",
    "load",
    "resume",
]

if TYPE_CHECKING:
    from selflearn.errors import SelflearnError
    from selflearn.estimator import SelfLearner, SelfLearningClassifier
    from selflearn.in_context import PriorFittedClassifier, PriorFittedRegressor
    from selflearn.workflow import Run, learn, load, resume


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: torch need not load to print a version."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'selflearn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
