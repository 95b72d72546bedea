"""Pretext tasks on one graph: do they help few labels, and is a mixture of several more than each alone?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from selflearn.evidence.arms import Learned, dull
from selflearn.evidence.closure import source
from selflearn.evidence.material import Drawn, hidden_links, material
from selflearn.evidence.scoring import Subject, scorecard
from selflearn.evidence.statement import Contrast, Experiment, Scores, Size, Tuning, better
from selflearn.measures.links import link_auc
from selflearn.methods.labels.cross_entropy import CrossEntropy

# Self-supervised Learning on Graphs: Deep Insights and New Direction (SelfTask-GNN). Every arm has the same network, updates and
# five labels a class, and is read by its own classifier; the graph is seen whole. Learning rate, decay and dropout are those best
# for labels alone among a few that were tried (development part, seeds of 100 and above); the tasks' weights come from one grid.

OWN = "accuracy of its own classifier, 5 labels a class"
LABELS = 5


def own_classifier(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """Accuracy on the test part of the classifier that was trained with the encoder."""
    assert subject.method is not None
    head = next(part.head for part in subject.method.modules() if isinstance(part, CrossEntropy))
    with torch.no_grad():
        predicted = head(torch.from_numpy(subject.features(data.test))).argmax(dim=1).numpy()
    return {OWN: float((predicted == data.test.labels).mean())}


WEIGHT = "tasks.pretext.weight"
TASKS = ("similarity", "labelled", "context")
WEIGHTS = Tuning(
    setting=WEIGHT,
    grid=(1.0, 10.0, 100.0),
    seeds=range(100, 104),
    judged={f"with {task}": OWN for task in TASKS},
    chosen={"with similarity": 10.0, "with labelled": 1.0, "with context": 10.0},
)
NETWORK: dict[str, Any] = {
    "encoder": {"name": "gcn", "width": 64, "depth": 2, "dropout": 0.5},
    "optimiser": {"name": "adam", "lr": 0.01, "weight_decay": 0.0001},
    "schedule.warmup": 0.0,
    "batch": 4096,
}


def with_task(task: str) -> Learned:
    """Labels and one pretext task together."""
    changes = {**NETWORK, "views.ask": [task], WEIGHT: WEIGHTS.chosen[f"with {task}"]}
    return Learned("selftask", changes, score=own_classifier, kind="graph", labels=LABELS)


selftask = Experiment(
    name="selftask",
    systems=("S031",),
    claim=(
        "With five labels a class of a stochastic block model, a graph network that also tells how alike two nodes are, how near "
        "each is to the labelled ones of every class, or which classes lie around it once labels have spread, classifies unseen "
        "nodes better than one that learns from the labels alone"
    ),
    data="communities",
    arms={
        "labels alone": Learned("cross-entropy", {**NETWORK, "views": "plain"}, score=own_classifier, kind="graph", labels=LABELS),
        **{f"with {task}": with_task(task) for task in TASKS},
    },
    contrasts=tuple(better(f"with {task}", "labels alone", OWN, margin=0.0) for task in TASKS),
    seeds=range(10, 20),
    quick=Size(samples=600, budget="50steps", seeds=2),
    full=Size(samples=600, budget="100steps"),
    tuning=WEIGHTS,
)


# Multi-task Self-supervised Graph Neural Networks Enable Stronger Task Generalization (ParetoGNN), on a block model of which a
# fifth of the edges is left out. What no labels or few can tell of an embedding: classes from four labels each, clusters, and the
# links that were left out, by the cosine of their ends. One arm of each task alone has the same network, views and updates.

MEASURES = ("4 labels a class", "nmi", "links")
PARTS = ("reconstruction", "links", "contrast", "decorrelation")


def three_uses(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """The scorecard, and how well likeness tells the links that were left out and begin at a node of the test part."""
    scores = scorecard(data, subject, seed)
    joined, apart = hidden_links(np.array([int(name) for name in data.test.facts.ids]))
    scores["links"] = link_auc(subject.features(material("communities-without-links").dataset), joined, apart)
    return scores


def ranks(scores: Scores) -> dict[str, float]:
    """The mean rank of each arm that learns, over the three measures: 1 is the best of all in each; equals share theirs."""
    arms = [arm for arm in scores if arm not in {"raw", "pca", "untrained"}]
    return {
        arm: float(
            np.mean(
                [
                    sum(
                        (scores[other][measure] > scores[arm][measure]) + 0.5 * (scores[other][measure] == scores[arm][measure])
                        for other in arms
                        if other != arm
                    )
                    for measure in MEASURES
                ]
            )
        )
        + 1
        for arm in arms
    }


def outranks(arm: str, than: str) -> Contrast:
    """By how much the mean rank of `arm` is the better one."""

    def difference(scores: Scores) -> float:
        found = ranks(scores)
        return found[than] - found[arm]

    formula = f"mean rank [{than}] - mean rank [{arm}], over {', '.join(MEASURES)}; ranks: {source(ranks)}"
    return Contrast(f"mean rank of {than} minus that of {arm}", 0.0, difference, formula)


NARROW: dict[str, Any] = {
    "encoder": {"name": "gcn", "width": 128, "depth": 2},
    "batch": 256,
    "tasks.contrast.projector": [128, 64],
    "tasks.reconstruction.decoder_width": 128,
    "tasks.links.head": [128],
}


def learned(**changes: Any) -> Learned:
    """The recipe, narrow, with changes."""
    return Learned("pareto-gnn", {**NARROW, **changes}, score=three_uses, kind="graph")


PARETO = learned()

pareto_gnn = Experiment(
    name="pareto-gnn",
    systems=("S116",),
    claim=(
        "Four pretext tasks of as many philosophies, weighed at each step by the shortest mixture of their unit gradients, teach "
        "features of a block model whose mean rank over four labels a class, clusters and links that were left out is better than "
        "that of each task alone and of their plain sum"
    ),
    data="communities-without-links",
    arms={
        "pareto": PARETO,
        "plain sum": learned(combine="sum"),
        **{f"{part} alone": learned(only=[part]) for part in PARTS},
        **dull(PARETO),
    },
    contrasts=tuple(outranks("pareto", than) for than in ("plain sum", *(f"{part} alone" for part in PARTS))),
    seeds=range(10, 15),
    quick=Size(samples=600, budget="30steps", seeds=2),
    full=Size(samples=600, budget="60steps"),
)
