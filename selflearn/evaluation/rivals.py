"""What a network that answers in context is measured against: the same contexts, told by something that nobody had to train.

Numbers: a normal of the context's own mean and variance, the inputs unseen. Classes: how often each was seen; logistic regression
and a random forest, fitted anew on every context.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from selflearn.evaluation.answered import Told

Rival = Callable[[np.ndarray, np.ndarray, int], np.ndarray]


def rivals_of(told: Told) -> dict[str, list[np.ndarray]]:
    """Name -> for each task what it says of its queries: log densities (queries,), or (queries, classes) probabilities."""
    if not told.classes:
        centre, spread = float(told.targets.mean()), float(told.targets.std())
        return {"mean and variance": [_normal(*task, centre, spread) for task in told.each()]}
    makers: dict[str, Callable[[], Any]] = {"logistic": _logistic, "forest": _forest}
    said = {"class frequencies": [_frequencies(*task, told.classes) for task in told.each()]}
    for name, make in makers.items():
        said[name] = [_fitted(make, *task, told.classes) for task in told.each()]
    return said


def _normal(values: np.ndarray, targets: np.ndarray, context: int, centre: float, spread: float) -> np.ndarray:
    """Student's t of a normal with unknown mean and variance (normal-inverse-gamma), under one observation's worth of belief that
    the mean is `centre`, and two that the variance is `spread` squared: those of all tasks together.
    """
    from scipy import stats

    seen, freedom = targets[:context] - centre, 2 + context
    mean = seen.sum() / (context + 1)
    scatter = 2 * spread**2 + ((seen - mean) ** 2).sum() + mean**2
    scale = np.sqrt(scatter / freedom * (1 + 1 / (context + 1)))
    logs: np.ndarray = stats.t.logpdf(targets[context:] - centre, freedom, mean, scale)
    return logs


def _frequencies(values: np.ndarray, targets: np.ndarray, context: int, classes: int) -> np.ndarray:
    """How often each class was seen, and one more of each (Laplace's rule)."""
    seen = np.bincount(targets[:context], minlength=classes) + 1.0
    return np.tile(seen / seen.sum(), (len(targets) - context, 1))


def _fitted(make: Callable[[], Any], values: np.ndarray, targets: np.ndarray, context: int, classes: int) -> np.ndarray:
    """A classifier of the context, mixed with the frequencies as one observation, so that an unseen class is not impossible."""
    known = _frequencies(values, targets, context, classes)
    if len(np.unique(targets[:context])) < 2:
        return known
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence
        model = make().fit(values[:context], targets[:context])
    said = np.zeros_like(known)
    said[:, model.classes_] = model.predict_proba(values[context:])
    mixed: np.ndarray = (context * said + known) / (context + 1)
    return mixed


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))


def _forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(100, min_samples_leaf=2, random_state=0)
