"""Evidence: the catalogue of published systems, and the experiments that show whether each works here.

An experiment is stated in code and committed, then measured, decided by paired differences alone, and stored under a seal.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Listing systems must not wait for torch: names are imported when they are first asked for.
_PUBLIC = {
    "Arm": "arms",
    "Computed": "arms",
    "Contrast": "statement",
    "Experiment": "statement",
    "Learned": "arms",
    "Measured": "arms",
    "Pca": "arms",
    "Raw": "arms",
    "Size": "statement",
    "SystemRow": "catalogue",
    "Tuning": "statement",
    "Untrained": "arms",
    "beats": "statement",
    "better": "statement",
    "check_results": "checking",
    "dull": "arms",
    "find": "registry",
    "run_experiment": "running",
    "stated": "registry",
    "sweep": "tuning",
    "systems": "catalogue",
    "tune": "running",
    "write_page": "page",
}

__all__ = [
    "Arm",
    "Computed",
    "Contrast",
    "Experiment",
    "Learned",
    "Measured",
    "Pca",
    "Raw",
    "Size",
    "SystemRow",
    "Tuning",
    "Untrained",
    "beats",
    "better",
    "check_results",
    "dull",
    "find",
    "run_experiment",
    "stated",
    "sweep",
    "systems",
    "tune",
    "write_page",
]

if TYPE_CHECKING:
    from selflearn.evidence.arms import Arm, Computed, Learned, Measured, Pca, Raw, Untrained, dull
    from selflearn.evidence.catalogue import SystemRow, systems
    from selflearn.evidence.checking import check_results
    from selflearn.evidence.page import write_page
    from selflearn.evidence.registry import find, stated
    from selflearn.evidence.running import run_experiment, tune
    from selflearn.evidence.statement import Contrast, Experiment, Size, Tuning, beats, better
    from selflearn.evidence.tuning import sweep


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name in _PUBLIC:
        return getattr(import_module(f"selflearn.evidence.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module 'selflearn.evidence' has no attribute {name!r}")
