"""Who trains a probe and who is measured: folds or one test part, and what may choose settings. A group is never cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from selflearn.data.splits import folds, split

BUNDLES = 50  # a given test part is cut into so many bundles, whose spread makes the interval


@dataclass(frozen=True)
class Part:
    """Row numbers: `train` (labelled) fits probes, `test` measures them, `seen` is everything that may be fitted without labels."""

    train: np.ndarray
    test: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class Plan:
    """How a data set is divided for every probe and every set of features alike.

    Attributes
    ----------
    parts : folds, or the one division into train and test that was given.
    bundles : (len(test),) the bundle of each test row if one test part was given, else None.
    groups : (n,) the group of every row of the data set, or None.
    """

    parts: list[Part]
    bundles: np.ndarray | None
    groups: np.ndarray | None

    def repetitions(self, correct: list[np.ndarray]) -> np.ndarray:
        """Accuracies to make an interval of: one a fold, or one a bundle of the test part.

        Bundles of unequal size (whole groups) give `mean + B / N * (right_b - mean * size_b)`, the linear part of a ratio,
        so that their mean is the accuracy on the whole test part and their spread is right for clustered samples.

        Parameters
        ----------
        correct : for each part, (len(test),) bool or 0 and 1: was the prediction right?
        """
        if self.bundles is None:
            return np.array([values.mean() for values in correct])
        values, count = np.asarray(correct[0], dtype=float), int(self.bundles.max()) + 1
        right, size = np.bincount(self.bundles, values, count), np.bincount(self.bundles, minlength=count)
        return values.mean() + count / len(values) * (right - values.mean() * size)


def divide(labels: np.ndarray, groups: np.ndarray | None, test: np.ndarray | None, count: int, seed: int) -> Plan | None:
    """Make the plan for labelled rows; None if there are too few samples, groups or classes to train and to measure.

    Parameters
    ----------
    labels : (n,) class numbers, -1 unknown (such rows take no part).
    groups : (n,) or None.
    test : row numbers of the test part, or None to make `count` stratified folds.
    """
    known = np.flatnonzero(labels >= 0)
    if test is not None:
        measured = np.intersect1d(known, test)
        train = np.setdiff1d(known, test)
        if groups is not None:
            train = train[~np.isin(groups[train], groups[measured])]
        if len(measured) < 2 or len(np.unique(labels[train])) < 2:
            return None
        return Plan([_part(train, measured, labels, groups)], _bundle(measured, groups, seed), groups)
    parts = _fold_parts(known, labels, groups, count, seed)
    return Plan(parts, None, groups) if parts else None


def held_out(rows: np.ndarray, labels: np.ndarray, groups: np.ndarray | None, seed: int) -> Part | None:
    """One fifth of a training part, to choose settings with; None if it cannot be divided."""
    own_groups = None if groups is None else groups[rows]
    if len(rows if own_groups is None else np.unique(own_groups)) < 2:
        return None
    fit, check = split(labels[rows], own_groups, test=0.2, seed=seed)
    if len(np.unique(labels[rows[fit]])) < 2:
        return None
    return _part(rows[fit], rows[check], labels, groups)


def _fold_parts(rows: np.ndarray, labels: np.ndarray, groups: np.ndarray | None, count: int, seed: int) -> list[Part]:
    own_groups = None if groups is None else groups[rows]
    count = min(count, len(rows if own_groups is None else np.unique(own_groups)))
    if count < 2:
        return []
    cuts = folds(labels[rows], own_groups, count, seed)
    parts = [_part(rows[train], rows[test], labels, groups) for train, test in cuts]
    return [part for part in parts if len(np.unique(labels[part.train])) > 1]


def _part(train: np.ndarray, test: np.ndarray, labels: np.ndarray, groups: np.ndarray | None) -> Part:
    measured = np.zeros(len(labels), dtype=bool)
    measured[test] = True
    if groups is not None:
        measured |= np.isin(groups, groups[test])
    return Part(train, test, np.flatnonzero(~measured))


def _bundle(rows: np.ndarray, groups: np.ndarray | None, seed: int) -> np.ndarray:
    """A bundle number for each row: at random, of about equal size, never cutting a group."""
    units = np.arange(len(rows)) if groups is None else np.unique(groups[rows], return_inverse=True)[1]
    order = np.random.default_rng(seed).permutation(int(units.max()) + 1)
    return (order % min(BUNDLES, len(order)))[units]
