"""Cutting data into parts: every class in proportion, groups never cut apart, unlabelled samples (-1) as a stratum of their own."""

from __future__ import annotations

import warnings
from fractions import Fraction

import numpy as np
from sklearn.model_selection import KFold, StratifiedGroupKFold, StratifiedKFold

from selflearn.errors import DataError


def split(labels: np.ndarray, groups: np.ndarray | None = None, test: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Cut samples into a training and a test part.

    Without groups each class gives its exact share (by largest remainders); a class of one member stays in the training
    part, where it can at least be learned. With groups, whole groups are chosen, and shares are met as nearly
    as they allow.

    Parameters
    ----------
    labels : (n,) class numbers, -1 where unknown.
    groups : (n,) group numbers, or None.
    test : share of the test part, in (0, 1).
    seed : of the draw.

    Returns
    -------
    Sorted int64 positions: training part, test part. Both hold at least one sample.

    Raises
    ------
    DataError : fewer than two samples or groups, or a share outside (0, 1).
    """
    labels = np.asarray(labels, dtype=np.int64)
    if not 0 < test < 1:
        raise DataError(f"the share of the test part lies between 0 and 1, not {test}")
    if len(labels) < 2:
        raise DataError(f"{len(labels)} sample cannot be cut into a training and a test part")
    if groups is None:
        held_out = _stratified_draw(labels, test, np.random.default_rng(seed))
    else:
        held_out = _whole_groups(labels, np.asarray(groups), test, seed)
    chosen = np.zeros(len(labels), dtype=bool)
    chosen[held_out] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def folds(
    labels: np.ndarray, groups: np.ndarray | None = None, count: int = 5, seed: int = 0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """`count` pairs of (training, test) positions: test parts are disjoint and cover all samples; stratified, groups kept whole.

    Raises
    ------
    DataError : more folds than samples or groups.
    """
    labels = np.asarray(labels, dtype=np.int64)
    units = len(labels) if groups is None else len(np.unique(groups))
    if not 2 <= count <= units:
        raise DataError(
            f"{count} folds need at least 2 folds and as many {'samples' if groups is None else 'groups'}; there are {units}"
        )
    _, sizes = np.unique(labels, return_counts=True)
    rows = np.zeros(len(labels))
    if groups is not None:
        parts = _group_folds(labels, np.asarray(groups), count, seed)
    elif sizes.max() < count:  # StratifiedKFold refuses where no class reaches every fold
        parts = list(KFold(count, shuffle=True, random_state=seed).split(rows))
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # classes with fewer members than folds are expected here
            parts = list(StratifiedKFold(count, shuffle=True, random_state=seed).split(rows, labels))
    return [(train.astype(np.int64), test.astype(np.int64)) for train, test in parts]


def few_labels(labels: np.ndarray, per_class: int | None = None, fraction: float | None = None, seed: int = 0) -> np.ndarray:
    """Draw a few labelled samples of every class, as if the others had never been labelled.

    Parameters
    ----------
    labels : (n,) class numbers; samples of -1 are never drawn.
    per_class : how many of each class (all of a class that has fewer); or
    fraction : the share of each class, in (0, 1], at least one sample a class.
    seed : of the draw.

    Returns
    -------
    Sorted int64 positions.

    Raises
    ------
    DataError : neither or both of `per_class` and `fraction`, or one out of range.
    """
    labels = np.asarray(labels, dtype=np.int64)
    if (per_class is None) == (fraction is None):
        raise DataError("few_labels takes either per_class or fraction")
    if (per_class is not None and per_class < 1) or (fraction is not None and not 0 < fraction <= 1):
        raise DataError(f"per_class must be at least 1 and fraction in (0, 1]; got {per_class=}, {fraction=}")
    generator = np.random.default_rng(seed)
    drawn = [np.empty(0, dtype=np.int64)]
    for each in np.unique(labels[labels >= 0]):
        members = generator.permutation(np.flatnonzero(labels == each))
        wanted = per_class if per_class is not None else max(1, round(float(fraction or 0) * len(members)))
        drawn.append(members[:wanted])
    return np.sort(np.concatenate(drawn))


def _stratified_draw(labels: np.ndarray, test: float, generator: np.random.Generator) -> np.ndarray:
    """scikit-learn's stratified splitters refuse parts smaller than the number of classes; quotas by largest remainder do not."""
    _, stratum, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    wanted = min(max(round(test * len(labels)), 1), len(labels) - 1)
    room = np.where(sizes > 1, sizes - 1, 0)  # each class keeps a training member
    if room.sum() == 0:  # as many classes as samples: there is nothing to stratify by
        return generator.permutation(len(labels))[:wanted]
    exact = np.minimum(test * sizes, room)
    quota = np.floor(exact).astype(np.int64)
    preference = np.where(room > quota, exact - quota, -1) + generator.random(len(sizes)) * 1e-6
    for each in np.argsort(-preference)[: max(0, wanted - quota.sum())]:
        quota[each] += room[each] > quota[each]
    return np.concatenate([generator.permutation(np.flatnonzero(stratum == each))[: quota[each]] for each in range(len(sizes))])


def _whole_groups(labels: np.ndarray, groups: np.ndarray, test: float, seed: int) -> np.ndarray:
    count = len(np.unique(groups))
    if count < 2:
        raise DataError("all samples are of one group, and groups are never cut apart: there can be no test part. Leave groups out")
    share = Fraction(test).limit_denominator(min(10, count))
    parts = share.denominator if 0 < share < 1 else min(10, count)
    taken = share.numerator if 0 < share < 1 else 1
    return np.concatenate([held_out for _, held_out in _group_folds(labels, groups, parts, seed)[:taken]])


def _group_folds(labels: np.ndarray, groups: np.ndarray, count: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    _, sizes = np.unique(labels, return_counts=True)
    strata = labels if sizes.max() >= count else np.zeros_like(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parts = list(StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(np.zeros(len(labels)), strata, groups))
    if all(len(train) and len(held_out) for train, held_out in parts):
        return parts
    # Where one group dominates, the stratified splitter can leave a fold empty; then groups are dealt out in turn.
    names, number = np.unique(groups, return_inverse=True)
    fold = (np.random.default_rng(seed).permutation(len(names)) % count)[number]
    return [(np.flatnonzero(fold != each), np.flatnonzero(fold == each)) for each in range(count)]
