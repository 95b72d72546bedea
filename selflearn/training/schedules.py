"""Schedules: pure functions of the share of the budget used, so that a run of any length is the same run, stretched."""

from __future__ import annotations

import math

from selflearn.training.settings import ScheduleSettings

FIRST = 0.01  # share of the peak rate that the warm-up starts from: above zero, so that the first update already learns


def rate(progress: float, schedule: ScheduleSettings) -> float:
    """The learning rate as a share of its peak.

    Parameters
    ----------
    progress : share of the budget used, in [0, 1].
    schedule : warm-up, shape and final share.

    Returns
    -------
    float : linear from 0.01 to 1 over the warm-up; then constant, or falling linearly or along half a cosine to `final`, or
        `infinite`.
    """
    if progress < schedule.warmup:
        return FIRST + (1 - FIRST) * progress / schedule.warmup
    if schedule.shape == "constant":
        return 1.0
    if schedule.shape == "infinite":
        return infinite(progress, schedule)
    rest = (progress - schedule.warmup) / (1 - schedule.warmup)
    fall = 1 - rest if schedule.shape == "linear" else cosine(rest)
    return schedule.final + (1 - schedule.final) * fall


def infinite(progress: float, schedule: ScheduleSettings) -> float:
    """After the warm-up: along half a cosine down to a plateau, the plateau, and at the end exponentially from it to `final`.

    With plateau ``p`` and final rate ``f``, the last phase is ``p * (f / p)^t`` for ``t`` from 0 to 1. Learning that stops before
    it can go on with other data at the plateau (no warm-up, no cooldown), so that no rate ever rises again.

    Source: Singh et al., "Beyond Cosine Decay: On the effectiveness of Infinite Learning Rate Schedule for Continual
    Pre-training", 2025.
    """
    cooled, anneals = schedule.warmup + schedule.cooldown, 1 - schedule.annealing
    if progress < cooled:
        return between(1.0, schedule.plateau, (progress - schedule.warmup) / schedule.cooldown)
    if progress <= anneals:
        return schedule.plateau
    return schedule.plateau * (schedule.final / schedule.plateau) ** ((progress - anneals) / schedule.annealing)


def cosine(progress: float) -> float:
    """Half a cosine from 1 to 0: ``(1 + cos(pi * progress)) / 2``. Loshchilov and Hutter: SGDR, 2017."""
    return (1 + math.cos(math.pi * progress)) / 2


def between(start: float, end: float, progress: float) -> float:
    """From `start` to `end` along half a cosine."""
    return end + (start - end) * cosine(progress)
