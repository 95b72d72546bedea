"""Ten folds of graphs by support vector machines; all that can be chosen is chosen by three folds inside a fold's training part."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import SVC

PENALTIES = (0.1, 1.0, 10.0, 100.0)
CHOOSING = 500  # of a fold's training part, as many choose: a machine's time grows with their square


def folds_of(
    candidates: Mapping[str, np.ndarray], arms: Mapping[str, tuple[str, ...]], labels: np.ndarray, fold: np.ndarray
) -> dict[str, list[float]]:
    """Accuracy of each fold for each arm, with the features, the kernel (linear, Gaussian) and the penalty that were chosen.

    Features are standardised over all graphs, which no label takes part in; encoders have seen all graphs, too.

    Parameters
    ----------
    candidates : name -> (graphs, dim) features.
    arms : name -> the candidates that it may choose among.
    labels : (graphs,) int64.
    fold : (graphs,) int64, -1 for graphs that are in every training part and never tested.
    """
    kernels = {(name, form): each for name, features in candidates.items() for form, each in kernels_of(features).items()}
    correct: dict[str, list[float]] = {arm: [] for arm in arms}
    for number in np.unique(fold[fold >= 0]):
        train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        chances = {key: chances_of(kernel, labels, train) for key, kernel in kernels.items()}
        for arm, allowed in arms.items():
            key = max((key for key in kernels if key[0] in allowed), key=lambda each: chances[each].max())
            kernel, penalty = kernels[key], PENALTIES[int(chances[key].argmax())]
            model = SVC(C=penalty, kernel="precomputed").fit(kernel[np.ix_(train, train)], labels[train])
            correct[arm].append(float(model.score(kernel[np.ix_(test, train)], labels[test])))
    return correct


def kernels_of(features: np.ndarray) -> dict[str, np.ndarray]:
    """(graphs, graphs) float32 products and Gaussians of standardised features, of which products have a mean length of 1."""
    deviation = features.std(axis=0)
    known = ((features - features.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)
    known /= np.sqrt(max(1, (deviation > 0).sum()))
    products = known @ known.T
    lengths = products.diagonal()
    return {"linear": products, "gaussian": np.exp(-np.maximum(lengths[:, None] + lengths - 2 * products, 0.0))}


def chances_of(kernel: np.ndarray, labels: np.ndarray, train: np.ndarray) -> np.ndarray:
    """(penalties,) accuracy by three folds of at most `CHOOSING` of these graphs."""
    few = np.sort(np.random.default_rng(0).permutation(train)[:CHOOSING])
    right = np.zeros(len(PENALTIES))
    for inside, outside in StratifiedKFold(3, shuffle=True, random_state=0).split(few, labels[few]):
        known, asked = few[inside], few[outside]
        own, other = kernel[np.ix_(known, known)], kernel[np.ix_(asked, known)]
        for place, penalty in enumerate(PENALTIES):
            right[place] += SVC(C=penalty, kernel="precomputed").fit(own, labels[known]).score(other, labels[asked]) / 3
    return right
