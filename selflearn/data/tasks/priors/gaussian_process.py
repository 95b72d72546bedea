"""Functions from a Gaussian process with a squared exponential kernel, whose length scale nobody knows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, field_validator
from scipy.linalg import solve_triangular

from selflearn.data.tasks.priors.base import Prior

LENGTHS = 24
"""Length scales that stand for all of them where the exact prediction is made: more change it by less than 0.001 nats."""

Length = Annotated[float, Field(gt=0, le=100)]


class GaussianProcess(Prior):
    """``y = f(x) + noise``, ``f ~ GP(0, exp(-|x - x'|^2 / 2 l^2))``, with inputs uniform in the unit cube.

    The length scale is one number, or drawn for each task, log-uniform between two.

    Attributes
    ----------
    features : 1 or 2.
    length : (least, most); equal for a known one.
    noise : standard deviation of the noise.
    """

    name: ClassVar[str] = "gp"

    points: Annotated[int, Field(ge=4, le=4096)] = 50
    features: Annotated[int, Field(ge=1, le=2)] = 1
    classes: Annotated[int, Field(ge=0, le=0)] = 0
    length: tuple[Length, Length] = (0.1, 0.5)
    noise: Annotated[float, Field(ge=0.01, le=10)] = 0.1

    @field_validator("length")
    @classmethod
    def _rises(cls, length: tuple[float, float]) -> tuple[float, float]:
        if length[0] > length[1]:
            raise ValueError("is a pair (least, most) with least <= most")
        return length

    def draw(self, generators: Sequence[np.random.Generator]) -> tuple[np.ndarray, np.ndarray]:
        values = np.stack([each.random((self.points, self.features)) for each in generators])
        shares = np.array([each.random() for each in generators])
        normal = np.stack([each.standard_normal(self.points) for each in generators])
        low, high = np.log(self.length)
        roots = np.linalg.cholesky(self._covariance(values, np.exp(low + shares * (high - low))))
        return values, (roots @ normal[..., None])[..., 0]

    def exact(self, values: np.ndarray, targets: np.ndarray, context: int) -> np.ndarray:
        """The Gaussian process itself, its length scale weighed by what the context says of it (the middles of equal steps of its
        logarithm).
        """
        low, high = np.log(self.length)
        count = LENGTHS if high > low else 1
        lengths = np.exp(low + (np.arange(count) + 0.5) / count * (high - low))
        told = [self._given(values, targets, context, float(length)) for length in lengths]
        weights = np.array([evidence for evidence, _ in told])
        logs = np.stack([density for _, density in told])
        weights -= np.logaddexp.reduce(weights)
        mixed: np.ndarray = np.logaddexp.reduce(weights[:, None] + logs, axis=0)
        return mixed

    def _given(self, values: np.ndarray, targets: np.ndarray, context: int, length: float) -> tuple[float, np.ndarray]:
        """For one length scale: the log evidence of the context, and the log density of each query."""
        covariance = self._covariance(values[None], np.array([length]))[0]
        root = np.linalg.cholesky(covariance[:context, :context])
        whitened = solve_triangular(root, targets[:context], lower=True) if context else np.empty(0)
        across = solve_triangular(root, covariance[:context, context:], lower=True) if context else np.empty((0, len(targets)))
        mean = across.T @ whitened if context else np.zeros(len(targets))
        spread = covariance.diagonal()[context:] - (across**2).sum(0) if context else covariance.diagonal()
        evidence = -np.log(root.diagonal()).sum() - 0.5 * (whitened**2).sum() - 0.5 * context * math.log(2 * math.pi)
        return evidence, -0.5 * ((targets[context:] - mean) ** 2 / spread + np.log(2 * math.pi * spread))

    def _covariance(self, values: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """(tasks, points, points) of the noisy targets."""
        apart = ((values[:, :, None] - values[:, None]) ** 2).sum(-1)
        kernel = np.exp(-0.5 * apart / lengths[:, None, None] ** 2)
        kernel[:, np.arange(values.shape[1]), np.arange(values.shape[1])] += self.noise**2
        return kernel
