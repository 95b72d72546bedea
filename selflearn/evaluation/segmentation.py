"""Dense features judged by segmentation: a linear probe reads the class of each place off its token, in samples it never saw."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from selflearn.data.splits import folds, split
from selflearn.errors import DataError
from selflearn.evaluation.probes import FITTING_COST, SCALINGS, affordable, best_strength, linear, scale
from selflearn.evaluation.scorecard import Scorecard
from selflearn.measures.segmentation import mean_iou

FOLDS = 5


def score_segmentation(
    features: Mapping[str, np.ndarray], classes: np.ndarray, groups: np.ndarray | None = None, seed: int = 0
) -> Scorecard:
    """Each set of features by "token accuracy" and "mean iou", over folds of samples.

    Every set gets the stronger of two scalings and the best of five strengths, chosen among the training samples; tokens of one
    sample are never on both sides of a division.

    Parameters
    ----------
    features : "encoder", "raw", "untrained" and any other -> (samples, tokens, dim); dim may differ.
    classes : (samples, tokens) int64 class numbers, -1 where nobody knows.
    groups : (samples,) whose members stay together; or None.
    seed : decides folds and subsets.

    Raises
    ------
    DataError : shapes that do not fit, fewer than two classes, or too few samples for two folds.
    """
    for name, values in features.items():
        if values.shape[:2] != classes.shape:
            raise DataError(f"{name}: features of {values.shape[:2]} tokens do not fit classes of {classes.shape}")
    named = np.unique(classes[classes >= 0])
    if len(named) < 2:
        raise DataError("masks name fewer than two classes, so there is nothing to tell apart")
    known = np.flatnonzero((classes >= 0).any(1))
    count = min(FOLDS, len(known if groups is None else np.unique(groups[known])))
    if count < 2:
        raise DataError("a segmentation is scored on samples the probe never saw: masks of at least two are needed")
    numbers = np.where(classes >= 0, np.searchsorted(named, classes), -1)
    # what a sample shows most stands for it where folds are stratified
    main = np.array([np.bincount(row[row >= 0], minlength=1).argmax() for row in numbers[known]])
    parts = folds(main, None if groups is None else groups[known], count, seed)
    card = Scorecard()
    for name, values in features.items():
        right, overlap = [], []
        for train, test in parts:
            truth, told = _told(values, numbers, known[train], known[test], len(named), seed)
            right.append(float((truth == told).mean()))
            overlap.append(mean_iou(truth, told))
        card.add(name, "token accuracy", right)
        card.add(name, "mean iou", overlap)
    return card


def _told(
    values: np.ndarray, numbers: np.ndarray, train: np.ndarray, test: np.ndarray, classes: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(n,) true and (n,) predicted classes of the known tokens of the test samples."""
    order = np.random.default_rng(seed)
    fit, check = (
        split(np.zeros(len(train), dtype=np.int64), test=0.2, seed=seed) if len(train) > 1 else (np.arange(1), np.arange(1))
    )
    rows, labels, sample = _tokens(values, numbers, train)
    others, truth, _ = _tokens(values, numbers, test)
    inside = np.isin(sample, train[fit])
    shuffled = order.permutation(len(rows))
    fitting, checking = shuffled[inside[shuffled]], shuffled[np.isin(sample, train[check])[shuffled]]
    best, kept, strength = -1.0, None, 1.0
    for how in SCALINGS:
        pair = scale(rows, others, how)
        found, accuracy = best_strength(pair[0], labels, classes, fitting, checking)
        if accuracy > best:
            best, kept, strength = accuracy, pair, found
    assert kept is not None
    used = shuffled[: affordable(kept[0], classes, FITTING_COST)]
    return truth.numpy(), linear(kept[0][used], labels[used], kept[1], classes, strength).numpy()


def _tokens(values: np.ndarray, numbers: np.ndarray, samples: np.ndarray) -> tuple[Tensor, Tensor, np.ndarray]:
    """The known tokens of some samples: (n, dim) float32, (n,) classes, (n,) whose they are."""
    known = numbers[samples] >= 0
    whose = np.repeat(samples, numbers.shape[1]).reshape(known.shape)[known]
    return torch.from_numpy(values[samples][known]).float(), torch.from_numpy(numbers[samples][known]), whose
