"""The scikit-learn face: `SelfLearner` turns samples into embeddings, `SelfLearningClassifier` adds the labels somebody knows.

Both learn in memory and write nothing until asked (`save`, `report`). Two-dimensional arrays are tables and go through
scikit-learn's own validation; whatever else `selflearn learn` takes is taken here as well, and `kind` overrules its recognition.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags, check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from selflearn.errors import DataError

if TYPE_CHECKING:
    from selflearn.data import Dataset
    from selflearn.networks import Encoder
    from selflearn.workflow import Run


class _Learning(BaseEstimator):
    """What both estimators share: settings, reading, learning, embedding."""

    def __init__(
        self,
        recipe: str | None = None,
        *,
        budget: str = "2min",
        encoder: str | None = None,
        settings: dict[str, Any] | None = None,
        kind: str | None = None,
        read: dict[str, Any] | None = None,
        device: str = "auto",
        precision: str = "auto",
        random_state: Any = 0,
    ) -> None:
        self.recipe = recipe
        self.budget = budget
        self.encoder = encoder
        self.settings = settings
        self.kind = kind
        self.read = read
        self.device = device
        self.precision = precision
        self.random_state = random_state

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "encoder_")

    def _check(self, X: Any, reset: bool) -> Any:
        """Tables as arrays go through scikit-learn's own validation, and of DataFrames the names; all else is read as it is."""
        if _is_frame(X) and self.kind in (None, "table"):
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        if not _is_array_of_rows(X, self.kind):
            return X
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            ensure_min_samples=2 if reset else 1,
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True  # a missing cell is a cell that is missing
        return tags

    def _uses_labels(self) -> bool:
        """Whether the recipe asked for learns from labels; none is chosen that does."""
        from selflearn.recipes import load, uses_labels

        return self.recipe is not None and uses_labels(load(self.recipe))

    def _learn(self, X: Any, labels: np.ndarray | None) -> Dataset:
        """Train an encoder on every sample, labelled or not."""
        from selflearn.data import read
        from selflearn.workflow.training import train

        dataset = read(X, labels=labels, kind=self.kind, more=self.read or {}, cache=False)
        seed = (
            int(check_random_state(self.random_state).randint(2**31 - 1))
            if not isinstance(self.random_state, int)
            else self.random_state
        )
        trained = train(
            dataset,
            recipe=self.recipe,
            budget=self.budget,
            changes=self._changes(),
            seed=seed,
            device=self.device,
            precision=self.precision,
        )
        self.encoder_: Encoder = trained.encoder
        self.recipe_ = trained.recipe
        self.seed_ = seed
        self.alarm_ = trained.alarm
        self.termination_ = trained.termination
        return dataset

    def _changes(self) -> dict[str, Any]:
        """The recipe's settings that a person chose, the network among them."""
        return {**(self.settings or {}), **({} if self.encoder is None else {"encoder": self.encoder})}

    def _read(self, X: Any) -> Dataset:
        """Samples as the encoder reads them, each in its place.

        Raises
        ------
        DataError : some cannot be read, so that embeddings would not stand in the order of `X`; names the first.
        """
        from selflearn.data import read

        spec = self.encoder_.spec
        dataset = read(X, like=spec, kind=spec.kind, more=self.read or {}, cache=False)
        skipped = dataset.facts.skipped
        if skipped and not isinstance(X, str | Path):
            raise DataError(
                f"{len(skipped):,} samples cannot be embedded (first: {skipped[0].what}: {skipped[0].why}); take them out, so that "
                "embeddings stand in the order of what is given"
            )
        return dataset

    def _embed(self, dataset: Dataset) -> np.ndarray:
        """(n, dim) float32; float64 for tables, so that a row's embedding does not depend on the rows beside it."""
        from selflearn.training import embed
        from selflearn.views import plain

        precision = "64" if dataset.spec.kind == "table" else "32"
        return embed(self.encoder_, dataset, plain(self.encoder_.spec), device=self.device, precision=precision)


class SelfLearner(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _Learning):
    """Learn an embedding from samples nobody labelled.

    Parameters
    ----------
    recipe : a recipe's name or YAML file; None chooses one for the data.
    budget : when learning ends, e.g. ``"5min"``, ``"300steps"``. Budgets in steps give the same weights every time.
    encoder : a network's name; None takes the recipe's.
    settings : dotted recipe keys and values, e.g. ``{"optimiser.lr": 1e-3}``.
    kind : overrules what the data is taken for: ``"image"``, ``"sound"``, ``"series"``, ``"table"``, ``"graph"``, ``"text"``.
    read : how that kind is read, e.g. ``{"rate": 8000}`` for arrays of sound; the same as ``--read`` of the command line.
    device, precision : ``"auto"``, or as the command line takes them.
    random_state : seed of weights, views and order.

    Attributes
    ----------
    encoder_ : the trained network.
    recipe_ : the resolved recipe.
    termination_ : why learning stopped.
    alarm_ : a `Verdict` of collapse or divergence, or None.
    n_features_in_ : number of columns, for tables.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> images = load_digits().images
    >>> SelfLearner("vicreg", budget="5steps").fit_transform(images).shape[0]
    1797
    """

    def fit(self, X: Any, y: Any = None) -> SelfLearner:
        """Learn from a table (n, columns), or from whatever else `selflearn.learn` takes: DataFrames, pictures (n, height, width
        [, channels]), series (n, channels, steps), lists of texts, of arrays or of graphs, paths.

        `y` is used only by recipes that learn from labels (SupCon), and ignored by all others; -1, None or "" where nobody knows.

        Raises
        ------
        DataError, RecipeError, BudgetError : before any learning.
        """
        X = self._check(X, reset=True)
        self._dataset = self._learn(X, np.asarray(y) if y is not None and self._uses_labels() else None)
        self._n_features_out = self.encoder_.dim
        return self

    def transform(self, X: Any) -> np.ndarray:
        """(n, dim) embeddings, in the float type of a table `X` that is an array, else float32.

        Raises
        ------
        DataError : a sample cannot be read (an empty text, a silent recording): take it out first.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        vectors = self._embed(self._read(X))
        return vectors.astype(X.dtype if _is_array_of_rows(X, self.kind) else np.float32, copy=False)

    def save(self, path: str | Path) -> Path:
        """Write the encoder and its settings as a folder that `SelfLearner.load` and `selflearn.load` open."""
        from selflearn.workflow.training import store

        check_is_fitted(self)
        return store(path, self.encoder_, self.recipe_, self._parameters(), self.seed_)

    @classmethod
    def load(cls, path: str | Path) -> SelfLearner:
        """A fitted learner from a folder that `save` or `selflearn learn` left."""
        from selflearn.workflow import load

        run = load(path)
        request = run.request
        learner = cls(
            request.recipe,
            budget=request.budget,
            settings=request.changes or None,
            kind=request.kind,
            read=request.read or None,
            random_state=request.seed,
        )
        learner.encoder_ = run.encoder
        learner.recipe_ = run.recipe
        learner.seed_ = request.seed
        learner.alarm_ = None
        learner._n_features_out = run.encoder.dim
        if run.encoder.spec.kind == "table":
            learner.n_features_in_ = len(run.encoder.spec.order)  # type: ignore[attr-defined]
        return learner

    def report(self, path: str | Path, y: Any = None) -> Run:
        """Judge the encoder on the samples it learned from; leave a run folder with scorecard, verdict and report.

        Parameters
        ----------
        path : the run folder to make.
        y : labels to score with, -1 where nobody knows; never seen in learning.

        Raises
        ------
        DataError : the learner was loaded or unpickled, so its data is not at hand; call `fit` first.
        """
        from selflearn.serving import report_run
        from selflearn.workflow.training import judge_in_folder

        check_is_fitted(self)
        dataset = getattr(self, "_dataset", None)
        if dataset is None:
            raise DataError(
                "the data this learner was fitted on is not at hand (it was loaded or unpickled); fit it again to report"
            )
        run = judge_in_folder(path, dataset, self.encoder_, self.recipe_, self._parameters(), self.seed_, y, self.alarm_)
        report_run(run)
        return run

    def _parameters(self) -> dict[str, Any]:
        asked = {"recipe": self.recipe, "budget": self.budget, "changes": self._changes(), "seed": self.seed_}
        return {**asked, "kind": self.kind, "read": self.read or {}}

    def __getstate__(self) -> dict[str, Any]:
        """Data does not travel with a pickled learner."""
        return {key: value for key, value in super().__getstate__().items() if key != "_dataset"}

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.non_deterministic = False
        return tags


class SelfLearningClassifier(ClassifierMixin, _Learning):
    """Classify with few labels: learn an embedding from every sample, then a logistic regression on those with a label.

    The marker of a missing label is -1 for numbers, and the empty string, None or NaN for strings. The class -1 itself can
    therefore not be predicted.

    Parameters
    ----------
    recipe, budget, encoder, settings, kind, read, device, precision, random_state : as for `SelfLearner`.

    Attributes
    ----------
    classes_ : the labels known, sorted.
    encoder_, recipe_, termination_, alarm_, n_features_in_ : as for `SelfLearner`.
    classifier_ : the logistic regression on embeddings.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> images, labels = load_digits(return_X_y=False).images, load_digits().target.copy()
    >>> labels[100:] = -1
    >>> SelfLearningClassifier("vicreg", budget="5steps").fit(images, labels).predict(images).shape
    (1797,)
    """

    def fit(self, X: Any, y: Any) -> SelfLearningClassifier:
        """Learn from `X` (see `SelfLearner.fit`) and the labels known in `y` (n,).

        Raises
        ------
        DataError : no sample has a label, or all labels are of one class.
        """
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None")
        if _is_array_of_rows(X, self.kind):
            X, y = validate_data(self, X, y, dtype=[np.float64, np.float32], ensure_min_samples=2, ensure_all_finite="allow-nan")
        else:
            X, y = self._check(X, reset=True), np.asarray(y)
            if hasattr(X, "__len__") and not isinstance(X, str) and not _is_frame(X) and len(y) != len(X):
                raise DataError(f"{len(X)} samples but {len(y)} labels")
        known = _known(y)
        check_classification_targets(y[known] if known.any() else y)  # None among strings is no target, and cannot be sorted
        self.classes_, numbers = np.unique(y[known], return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"at least two classes need labels; there is only one class: {self.classes_.tolist()}"
                if len(self.classes_)
                else "no sample has a label; use SelfLearner to learn without any"
            )
        labels = np.full(len(y), -1)
        labels[known] = numbers
        dataset = self._learn(X, labels)
        rows = np.flatnonzero(dataset.facts.labels >= 0)  # some samples may be skipped, or be windows of a recording with one label
        self.classifier_ = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        self.classifier_.fit(self._embed(dataset)[rows], [int(dataset.facts.classes[each]) for each in dataset.facts.labels[rows]])
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """(n, classes) probabilities, in the order of `classes_`."""
        check_is_fitted(self)
        return self._classify(X, self.classifier_.predict_proba)

    def decision_function(self, X: Any) -> np.ndarray:
        """(n,) for two classes, else (n, classes): the logits."""
        check_is_fitted(self)
        return self._classify(X, self.classifier_.decision_function)

    def predict(self, X: Any) -> np.ndarray:
        """(n,) the likeliest class of each sample."""
        check_is_fitted(self)
        return self.classes_[self._classify(X, self.classifier_.predict)]

    def _classify(self, X: Any, call: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return call(self._embed(self._read(self._check(X, reset=False))))


def _is_frame(X: Any) -> bool:
    """Whether this is a DataFrame."""
    return hasattr(X, "columns") and hasattr(X, "iloc")


def _is_array_of_rows(X: Any, kind: str | None) -> bool:
    """Whether this is for scikit-learn to check: a table as an array, or what is none and is refused by it.

    Not so what has another kind, and objects, arrays of more axes, and lists of anything but rows of numbers, which `read` knows.
    """
    if kind not in (None, "table") or _is_frame(X) or isinstance(X, str | Path) or type(X) is dict:
        return False
    if isinstance(X, list | tuple):
        rows = X[:20]
        return all(isinstance(each, Number | list | tuple) or getattr(each, "ndim", 0) == 1 for each in rows) and (
            len({len(each) for each in rows if isinstance(each, Sized)}) <= 1
        )
    if any(hasattr(X, name) for name in ("edge_index", "edges", "column_names")) or getattr(X, "ndim", 0) > 2:
        return False
    return not (getattr(X, "ndim", 0) == 1 and any(isinstance(each, str) for each in X[:20]))


def _known(y: np.ndarray) -> np.ndarray:
    """(n,) bool: where somebody gave a label."""
    if np.issubdtype(y.dtype, np.number):
        known: np.ndarray = (y != -1) & ~np.isnan(y)
        return known
    return np.array([label is not None and str(label) not in {"", "nan", "<NA>"} for label in y], dtype=bool)
