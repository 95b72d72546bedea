"""Probes: how well labels can be read off features by simple means. Tensors in, predicted classes out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from selflearn.evaluation.pca import WIDE, principal_axes
from selflearn.evaluation.softmax import softmax_regression
from selflearn.measures.neighbours import knn_predict

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # C of the linear probe; its best is chosen inside the training part
SCALINGS = ("centred", "standardised")
CHOOSING_COST, FITTING_COST = 6e7, 2e8  # rows x dim x classes of one fit: seconds, also with 150 classes
DRAW_VALUES = 20_000_000  # feature values of all draws that are fitted at once: 80 MB
Pair = tuple[Tensor, Tensor]


def scale(train: Tensor, test: Tensor, how: str) -> Pair:
    """Bring features to a scale that regularised probes can use, by the training rows alone.

    "standardised": every dimension to mean 0 and deviation 1. "centred": every dimension to mean 0 and all by one number, so
    that the mean variance is 1: what is faint stays faint. Features wider than `WIDE` are then cut to their leading `WIDE`
    principal components.
    """
    mean = train.mean(0)
    train, test = train - mean, test - mean
    deviation = train.square().mean(0).sqrt()
    if how == "centred":
        divisor = deviation.square().mean().sqrt().clamp_min(1e-12)
    else:
        divisor = torch.where(deviation > 1e-6 * deviation.max(), deviation, torch.inf)
    train, test = train / divisor, test / divisor
    if train.shape[1] > WIDE:
        axes = principal_axes(train)
        train, test = axes(train), axes(test)
    return train, test


def knn(train: Tensor, labels: Tensor, test: Tensor, how: str, k: int = 20) -> Tensor:
    """(n,) classes by weighted cosine k-NN (temperature 0.1); `how` is "as they are" or "centred" (minus the training mean)."""
    shift = train.mean(0) if how == "centred" else torch.zeros_like(train[0])
    return knn_predict(test - shift, train - shift, labels, k)


def linear(train: Tensor, labels: Tensor, test: Tensor, classes: int, strength: float) -> Tensor:
    """(n,) classes by a softmax regression on features that are already scaled."""
    weights, bias = softmax_regression(train, labels, classes, strength)
    return (test @ weights[0] + bias[0]).argmax(1)


def affordable(features: Tensor, classes: int, cost: float) -> int:
    """How many rows a softmax regression on these features may have to stay within a cost; at least two a class."""
    return max(2 * classes, int(cost / (features.shape[1] * classes)))


def best_strength(train: Tensor, labels: Tensor, classes: int, fit: np.ndarray, check: np.ndarray) -> tuple[float, float]:
    """The C of `STRENGTHS` that predicts the rows `check` best when fitted on the rows `fit` of the training part, and how well.

    Both come in random order, of which as many are taken as can be afforded.
    Of equally good ones it takes the smallest: the strongest regularisation.
    """
    rows = affordable(train, classes, CHOOSING_COST)
    fit, check = fit[:rows], check[:rows]
    weights, bias = softmax_regression(train[fit], labels[fit], classes, torch.tensor(STRENGTHS), iterations=100)
    right = ((train[check] @ weights + bias.unsqueeze(1)).argmax(-1) == labels[check]).float().mean(1)
    best = int(right.argmax())
    return STRENGTHS[best], float(right[best])


def few_labels(
    train: Tensor, labels: Tensor, test: Tensor, truth: Tensor, classes: int, draws: np.ndarray, strength: float = 1.0
) -> np.ndarray:
    """(draws, len(test)) bool, which test rows are predicted rightly by softmax regressions fitted to a few labelled rows each.

    The strength is scikit-learn's default, C = 1: with so few labels there is nothing to choose it with.

    Parameters
    ----------
    train, test : scaled features.
    labels, truth : classes of the train and of the test rows.
    draws : (draws, labelled) positions of the labelled rows in the training part.
    """
    correct = []
    size = max(1, DRAW_VALUES // (draws.shape[1] * train.shape[1] + len(test) * classes))
    for start in range(0, len(draws), size):
        rows = torch.from_numpy(draws[start : start + size])
        weights, bias = softmax_regression(train[rows], labels[rows], classes, strength)
        predicted = (test @ weights + bias.unsqueeze(1)).argmax(-1)
        correct.append(predicted == truth)
    return torch.cat(correct).numpy()
