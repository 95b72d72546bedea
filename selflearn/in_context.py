"""The scikit-learn face of networks that answer in context: `fit` keeps a small table, `predict` tells other rows in one pass.

Nothing is trained here. The network learned before, from tasks of a prior: ``selflearn learn prior:table``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from selflearn.errors import DataError

if TYPE_CHECKING:
    from selflearn.workflow import Run
    from selflearn.workflow.predicting import Context


class _InContext(BaseEstimator):
    """What both share: the run, and how rows are checked."""

    def __init__(self, run: str | Path | Run | None = None, *, device: str = "auto", random_state: int = 0) -> None:
        self.run = run
        self.device = device
        self.random_state = random_state

    def _rows(self, X: Any, reset: bool) -> np.ndarray:
        checked: np.ndarray = validate_data(self, X, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
        return checked

    def _context(self, values: np.ndarray, targets: np.ndarray, classes: bool) -> Context:
        """The rows as a context of the run's network, which must tell what is asked."""
        from selflearn.workflow import load
        from selflearn.workflow.predicting import Context, spec_of

        if self.run is None:
            raise DataError("run must name the folder of a run that learned from a prior: selflearn learn prior:table")
        encoder = (load(self.run) if isinstance(self.run, str | Path) else self.run).encoder
        if bool(spec_of(encoder).classes) != classes:
            told, other = ("classes", "PriorFittedClassifier") if spec_of(encoder).classes else ("numbers", "PriorFittedRegressor")
            raise DataError(f"this network tells {told}: use {other}, or a run of another prior")
        return Context(encoder, values, targets, self.random_state)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


class PriorFittedClassifier(ClassifierMixin, _InContext):
    """Classify rows of a small table by a network that learned from a prior over tables.

    Columns are numbers, whatever their scale; categories come one column each. Of more columns than the network takes those are
    kept that tell most of the classes by themselves.

    Parameters
    ----------
    run : the folder of a run that learned from a prior of classes (``selflearn learn prior:table``), or an opened one.
    device : ``"auto"``, or as the command line takes it.
    random_state : of the parts into which a table larger than the prior's is dealt.

    Attributes
    ----------
    classes_ : the classes of the table, sorted.
    n_features_in_ : number of columns.
    context_ : the table and the network.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_iris
    >>> from selflearn import learn
    >>> values, labels = load_iris(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = learn("prior:table", out=f"{folder}/run", budget="2steps", read={"features": 4, "classes": 3, "tasks": 200})
    ...     PriorFittedClassifier(run).fit(values, labels).predict_proba(values).shape
    (150, 3)
    """

    def fit(self, X: Any, y: Any) -> PriorFittedClassifier:
        """Keep the rows of `X` (n, columns) and their classes `y` (n,).

        Raises
        ------
        DataError : no run, one that does not tell classes, or more classes than it tells.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        self.context_ = self._context(X, numbers, classes=True)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, classes) probabilities, in the order of `classes_`."""
        check_is_fitted(self)
        return self.context_.probabilities(self._rows(X, reset=False), self.device)

    def predict(self, X: Any) -> np.ndarray:
        """(n,) the likeliest class of each row."""
        chosen: np.ndarray = self.classes_[self.predict_proba(X).argmax(axis=1)]
        return chosen


class PriorFittedRegressor(RegressorMixin, _InContext):
    """Tell numbers of rows of a small table by a network that learned from a prior, each as a whole distribution.

    Parameters
    ----------
    run : the folder of a run that learned from a prior of numbers (``selflearn learn prior:gp``, or ``prior:table --read
        classes=0``), or an opened one.
    device, random_state : as for `PriorFittedClassifier`.

    Attributes
    ----------
    n_features_in_, context_ : as for `PriorFittedClassifier`.
    """

    def fit(self, X: Any, y: Any) -> PriorFittedRegressor:
        """Keep the rows of `X` (n, columns) and their numbers `y` (n,).

        Raises
        ------
        DataError : no run, or one that does not tell numbers.
        """
        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan", y_numeric=True)
        self.context_ = self._context(X, np.asarray(y, dtype=np.float64), classes=False)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """(n,) the mean of each row's distribution."""
        from selflearn.objectives import bar_mean

        check_is_fitted(self)
        found: np.ndarray = bar_mean(*self.context_.bars(self._rows(X, reset=False), self.device)).numpy()
        return found

    def predict_quantiles(self, X: Any, levels: Sequence[float] = (0.05, 0.5, 0.95)) -> np.ndarray:
        """(n, levels) the numbers below which each of these shares of a row's distribution lies."""
        from selflearn.objectives import bar_quantile

        check_is_fitted(self)
        told = self.context_.bars(self._rows(X, reset=False), self.device)
        return np.stack([bar_quantile(*told, level).numpy() for level in levels], axis=1)
