"""The check afterwards: what labels that nothing saw say of the choice, and of the scores that made it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import spearmanr

from selflearn.data import Dataset
from selflearn.evaluation import evaluate
from selflearn.workflow.tuning.bench import Bench
from selflearn.workflow.tuning.ladder import Ladder

MEASURE = "linear"


def check(ladder: Ladder, bench: Bench, dataset: Dataset) -> dict[str, Any] | None:
    """Hold the scores of each rung against linear probes of the embeddings that were kept there.

    Parameters
    ----------
    dataset : with its labels.

    Returns
    -------
    `measure`; `rungs`: for each one the accuracy of every candidate's probe, and Spearman's correlation with the score over `n`
    candidates; `choice`, `default`, `best` at the first rung, where all stood, and `regret`: how far the choice is behind the best
    there. None where too few labels are known to train a probe and measure it.
    """
    labels = np.concatenate([dataset.labels[bench.bank], dataset.labels[bench.scored]])
    test = np.arange(len(bench.bank), len(labels))
    rungs = []
    for number, scores in enumerate(ladder.scores):
        accuracy = {}
        for name in scores:
            with np.load(bench.out / "candidates" / name / f"rung-{number + 1}.npz") as kept:
                features = np.concatenate([kept["bank"], kept["scored"]])
            card = evaluate({"encoder": features}, labels, test=test, quick=True, seed=bench.request.seed)
            if card.find("encoder", MEASURE) is None:
                return None
            accuracy[name] = round(card.value("encoder", MEASURE), 4)
        rungs.append({"accuracy": accuracy, "spearman": correlation(scores, accuracy), "n": len(accuracy)})
    first = rungs[0]["accuracy"]
    choice = ladder.climbing[0].name
    best = max(first, key=lambda name: first[name])
    default = next((each.name for each in ladder.candidates if each.default and each.name in first), None)
    return {
        "measure": MEASURE,
        "rungs": rungs,
        "choice": first[choice],
        "default": None if default is None else first[default],
        "best": first[best],
        "regret": round(first[best] - first[choice], 4),
    }


def correlation(scores: dict[str, float], accuracy: dict[str, float]) -> float | None:
    """Spearman's rank correlation; None of fewer than three candidates, or where all are equal."""
    names = list(accuracy)
    one, other = [scores[name] for name in names], [accuracy[name] for name in names]
    if len(names) < 3 or len(set(one)) < 2 or len(set(other)) < 2:
        return None
    return round(float(spearmanr(one, other).statistic), 4)
