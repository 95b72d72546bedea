"""Tuning without labels: candidates climb a ladder by successive halving, judged by what held-out samples say without labels."""

from selflearn.workflow.tuning.ladder import Ladder
from selflearn.workflow.tuning.on_ray import ray_workers
from selflearn.workflow.tuning.tuning import resume_tuning, tune

__all__ = ["Ladder", "ray_workers", "resume_tuning", "tune"]
