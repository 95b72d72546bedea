"""Priors over tasks by name: a file each; a person's own is an object of a class of theirs."""

from __future__ import annotations

from selflearn.data.tasks.priors.base import Prior
from selflearn.data.tasks.priors.gaussian_process import GaussianProcess
from selflearn.data.tasks.priors.small_table import SmallTable

__all__ = ["PRIORS", "GaussianProcess", "Prior", "SmallTable"]

PRIORS: dict[str, type[Prior]] = {each.name: each for each in (GaussianProcess, SmallTable)}
