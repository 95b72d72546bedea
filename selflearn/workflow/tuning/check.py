"""The check afterwards: what labels that nothing saw say of the choice, and of the scores that made it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.stats import spearmanr

from selflearn.data import Dataset, split
from selflearn.evaluation.probes import best_strength, linear, scale
from selflearn.workflow.tuning.bench import CANDIDATES, Bench
from selflearn.workflow.tuning.ladder import Ladder

LEAST = 20  # labels on either side of a probe: fewer tell candidates apart by luck


def check(ladder: Ladder, bench: Bench, dataset: Dataset) -> dict[str, Any] | None:
    """Hold the scores of each rung against linear probes of the embeddings that were kept there.

    Parameters
    ----------
    dataset : with its labels.

    Returns
    -------
    `rungs`: for each one the accuracy of every candidate's probe, and Spearman's correlation with the score over `n` candidates;
    `choice`, `default`, `best`: accuracies at the first rung, where all stood, and `regret`: how far the choice is behind the best
    there. None where too few labels are known to train a probe and to measure it.
    """
    bank, scored = dataset.labels[bench.bank], dataset.labels[bench.scored]
    if min((bank >= 0).sum(), (scored >= 0).sum()) < LEAST or len(np.unique(bank[bank >= 0])) < 2:
        return None
    accuracies = [
        {name: accuracy_at(bench, dataset, name, number) for name in scores} for number, scores in enumerate(ladder.scores)
    ]
    first, choice = accuracies[0], ladder.climbing[0].name
    default = next((each.name for each in ladder.candidates if each.default and each.name in first), None)
    return {
        "rungs": [
            {"accuracy": accuracy, "spearman": correlation(scores, accuracy), "n": len(accuracy)}
            for scores, accuracy in zip(ladder.scores, accuracies, strict=True)
        ],
        "choice": first[choice],
        "default": None if default is None else first[default],
        "best": max(first.values()),
        "regret": round(max(first.values()) - first[choice], 4),
    }


def accuracy_at(bench: Bench, dataset: Dataset, name: str, rung: int) -> float:
    """Accuracy on held-out samples of a linear probe on what a candidate was at a rung.

    Its strength is chosen on a fifth of the samples that train it.
    """
    with np.load(bench.out / CANDIDATES / name / f"rung-{rung + 1}.npz") as kept:
        bank, scored = torch.from_numpy(kept["bank"]), torch.from_numpy(kept["scored"])
    known, truth = (torch.from_numpy(dataset.labels[rows]) for rows in (bench.bank, bench.scored))
    train, test = scale(bank[known >= 0].float(), scored[truth >= 0].float(), "standardised")
    labels, truth = known[known >= 0], truth[truth >= 0]
    classes = int(labels.max()) + 1
    fit, held_back = split(labels.numpy(), None, test=0.2, seed=bench.request.seed)
    strength, _ = best_strength(train, labels, classes, fit, held_back)
    return round(float((linear(train, labels, test, classes, strength) == truth).float().mean()), 4)


def correlation(scores: dict[str, float], accuracy: dict[str, float]) -> float | None:
    """Spearman's rank correlation; None of fewer than three candidates, or where all are equal."""
    names = list(accuracy)
    one, other = [scores[name] for name in names], [accuracy[name] for name in names]
    if len(names) < 3 or len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return round(float(spearmanr(one, other).statistic), 4)
