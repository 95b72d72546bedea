"""Finding experiments: every `Experiment` in a module of `selflearn.evidence.experiments`. Nothing needs registering."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path

from selflearn.errors import RunError, nearest
from selflearn.evidence import experiments
from selflearn.evidence.statement import Experiment


@dataclass(frozen=True)
class Stated:
    """An experiment and the file that states it."""

    experiment: Experiment
    file: Path


def stated() -> dict[str, Stated]:
    """Name -> experiment, in the order of files and of statements in them."""
    found: dict[str, Stated] = {}
    for info in pkgutil.iter_modules(experiments.__path__):
        module = importlib.import_module(f"{experiments.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, Experiment):
                if value.name in found:
                    raise RunError(f"two experiments are called {value.name!r}: in {found[value.name].file} and {module.__file__}")
                found[value.name] = Stated(value, Path(str(module.__file__)))
    return found


def find(name: str) -> Stated:
    """The experiment of this name, or the one about this system.

    Raises
    ------
    RunError : there is none, or several are about the system; they are named.
    """
    everything = stated()
    if name in everything:
        return everything[name]
    about = [key for key, entry in everything.items() if name.upper() in entry.experiment.systems]
    if len(about) == 1:
        return everything[about[0]]
    if about:
        raise RunError(f"{len(about)} experiments are about {name}; name one: {', '.join(about)}")
    systems = {system for entry in everything.values() for system in entry.experiment.systems}
    raise RunError(f"there is no experiment {name!r}{nearest(name, [*everything, *systems])}")
