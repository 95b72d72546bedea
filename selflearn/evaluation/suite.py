"""Make a scorecard from arrays, so that it serves every kind of data and every artefact that gives vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from selflearn.errors import DataError
from selflearn.evaluation.labelled import Labelled
from selflearn.evaluation.parts import divide
from selflearn.evaluation.scorecard import Scorecard
from selflearn.evaluation.table import Table, count_rows
from selflearn.evaluation.unlabelled import measure_spectra, measure_views

Views = Mapping[str, tuple[np.ndarray, np.ndarray]]
TRAIN_ROWS, TEST_ROWS, FOLD_ROWS = 20_000, 5_000, 10_000
MANY = 5000  # above so many samples three folds do instead of five


def evaluate(
    features: Mapping[str, np.ndarray],
    labels: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    views: Views | tuple[np.ndarray, np.ndarray] | None = None,
    seed: int = 0,
    draws: int = 50,
    test: np.ndarray | None = None,
    quick: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Scorecard:
    """The scorecard of an encoder's features beside those of its baselines.

    With labels: "knn", "linear", "1 label a class", "4 labels a class", "16 labels a class", "1 %", "10 %", "nmi", "ari". Always:
    "rankme", "spectrum decay", "uniformity". With two views: "alignment" and "self retrieval". What cannot be measured is left out
    with a note. At most 20,000 samples train probes and 5,000 are scored (10,000 in all where folds are made); the notes say so.

    Parameters
    ----------
    features : "encoder", "raw", "untrained" and any other -> (n, dim). "pca" is made from "raw", by training rows alone.
    labels : (n,) class numbers, -1 where nobody knows; None if nobody knows any.
    groups : (n,) samples of one group are never on both sides of a division; or None.
    views : for each set of features, the features of two views of the same samples; a bare pair is the encoder's.
    seed : decides folds, draws, subsets and starts of k-means; the same seed gives the same scorecard.
    draws : random draws of labels for each few-label probe; fewer where draws are large (see each row's n).
    test : row numbers that are measured and train nothing; None to make stratified folds.
    quick : smaller subsets, ten draws, three folds.
    progress : is told (steps done, steps in all).

    Raises
    ------
    DataError : feature sets, labels or groups do not fit together, or there is no encoder.
    """
    card = Scorecard()
    count = count_rows(features)
    known = np.full(count, -1) if labels is None else np.asarray(labels).astype(np.int64)
    for name, values in (("labels", known), ("groups", groups)):
        if values is not None and len(values) != count:
            raise DataError(f"{name} must have one entry for each of {count} samples, got {len(values)}")
    test = None if test is None or not len(test) else np.asarray(test)
    rows = choose_rows(known, test, seed, quick)
    if len(rows) < count:
        card.note(f"measured on {len(rows):,} of {count:,} samples, drawn at random; the same for all features")
    table = Table(features, rows, card.notes)
    test = None if test is None else np.flatnonzero(np.isin(rows, test))
    known, groups = known[rows], None if groups is None else np.asarray(groups)[rows]
    plan = divide(known, groups, test, 3 if quick or len(rows) > MANY else 5, seed)
    steps = len(table.names) * (len(plan.parts) + 2 if plan else 1) + 1
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, steps)

    if plan is not None:
        Labelled(table, known, plan, card, seed, min(draws, 10) if quick else draws, 2 if quick else 5).run(tick)
    else:
        card.note(f"measures that need labels are left out: {_why_not(known, test)}")
    for name in table.names:
        measure_spectra(table, name, card, seed)
        tick()
    if views is not None:
        measure_views(table, views if isinstance(views, Mapping) else {"encoder": views}, card, seed)
    tick()
    return card


def choose_rows(labels: np.ndarray, test: np.ndarray | None, seed: int, quick: bool) -> np.ndarray:
    """At most as many rows as can be measured in a minute: labelled ones first, otherwise at random, in their own order."""
    divisor = 5 if quick else 1
    rng = np.random.default_rng(seed)

    def some(rows: np.ndarray, limit: int) -> np.ndarray:
        shuffled = rng.permutation(rows)
        return shuffled[np.argsort(labels[shuffled] < 0, kind="stable")][: limit // divisor]

    everything = np.arange(len(labels))
    if test is None:
        return np.sort(some(everything, FOLD_ROWS))
    return np.sort(np.concatenate([some(np.setdiff1d(everything, test), TRAIN_ROWS), some(np.unique(test), TEST_ROWS)]))


def _why_not(labels: np.ndarray, test: np.ndarray | None) -> str:
    classes = len(np.unique(labels[labels >= 0]))
    if classes == 0:
        return "no sample has a label"
    if classes == 1:
        return "all known labels are of one class"
    if test is not None and (labels[test] >= 0).sum() < 2:
        return "the test part holds fewer than two labels"
    return f"{(labels >= 0).sum()} labels of {classes} classes are too few to train a probe on some and measure it on others"
