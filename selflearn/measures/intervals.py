"""Means with intervals: over seeds, folds or draws, over paired differences, and for counts of rare events."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from selflearn.errors import DataError

Values = Sequence[float] | np.ndarray


def interval(values: Values, level: float = 0.95) -> tuple[float, float, float]:
    """Mean and Student's t interval of independent repetitions: `mean +- t(level, n - 1) * s / sqrt(n)`.

    Returns
    -------
    mean, low, high. A single value has no known spread: low and high are minus and plus infinity.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
        raise DataError(f"an interval needs at least one finite value, got shape {array.shape}")
    mean = float(array.mean())
    if len(array) == 1:
        return mean, -math.inf, math.inf
    half = float(stats.t.ppf(0.5 + level / 2, len(array) - 1) * array.std(ddof=1) / math.sqrt(len(array)))
    return mean, mean - half, mean + half


def paired_interval(first: Values, second: Values, level: float = 0.95) -> tuple[float, float, float]:
    """Mean and t interval of `first - second`, repetition by repetition: what both share (seed, fold, draw) cancels.

    Raises
    ------
    DataError : the two are not equally many.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape:
        raise DataError(f"paired values must be equally many, got {one.shape} and {other.shape}")
    return interval(one - other, level)


def wilson(count: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a rate of `count` in `n` (Wilson, 1927): good coverage on average, also for small n."""
    _check_count(count, n)
    z = float(stats.norm.ppf(0.5 + level / 2))
    rate = count / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def upper_bound(count: int, n: int, level: float = 0.95) -> float:
    """The one-sided Clopper-Pearson bound: the true rate is below it with at least this confidence.

    Law: no event in n gives `1 - (1 - level)^(1/n)`, about 3/n at 95 %.

    Source: Clopper and Pearson: The use of confidence or fiducial limits illustrated in the case of the binomial, 1934.
    """
    _check_count(count, n)
    return 1.0 if count == n else float(stats.beta.ppf(level, count + 1, n - count))


def _check_count(count: int, n: int) -> None:
    if n < 1 or not 0 <= count <= n:
        raise DataError(f"a rate needs 0 <= count <= n and n >= 1, got {count} of {n}")
