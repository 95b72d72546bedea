"""Pretext tasks on one graph: do they help few labels, and is a mixture of several more than each alone?"""

from __future__ import annotations

from typing import Any

import torch

from selflearn.evidence.arms import Learned
from selflearn.evidence.material import Drawn
from selflearn.evidence.scoring import Subject
from selflearn.evidence.statement import Experiment, Size, Tuning, better
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
    chosen={f"with {task}": 10.0 for task in TASKS},
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
