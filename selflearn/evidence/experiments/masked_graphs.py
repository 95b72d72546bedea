"""Masked modelling of graphs: is it the scaled cosine error, restored from neighbours, that teaches?"""

from __future__ import annotations

from typing import Any

from selflearn.evidence.arms import Learned, dull
from selflearn.evidence.statement import Experiment, Size, beats

FEW = "16 labels a class"
BODY: dict[str, Any] = {
    "encoder": {"name": "gat", "width": 256},
    "decoder_width": 256,
    "decoder_heads": 4,
    "decoder_depth": 1,
    "hidden": 0.5,
}
STEPS: dict[str, Any] = {"optimiser.lr": 0.001, "optimiser.weight_decay": 0.0002, "schedule.warmup": 0.0}
GRAPH_MAE = Learned("graph-mae", {**BODY, **STEPS}, kind="graph")

LINKS: dict[str, Any] = {
    "encoder": BODY["encoder"],
    "views": {"name": "questions", "ask": ["edges"]},
    "pairs": "product",
    "batch": 256,
}

# GraphMAE: Self-Supervised Masked Graph Autoencoders. The nodes of Cora are samples of one graph, which every arm sees whole, as in
# the publication: labels of the test part are never seen, its features are. Raw input is each node's features averaged twice over
# its neighbours, with which the publication compares nothing. What it does compare with is here: squared error (with and without
# hiding nodes a second time before they are restored) and restoring links, as graph autoencoders did before.

graph_mae = Experiment(
    name="graph-mae",
    systems=("S140",),
    claim=(
        "Restoring hidden nodes from their neighbours by the scaled cosine error, with no second view and no negatives, teaches "
        "features of a citation graph from which 16 labels a class read at least one point more than from features averaged over "
        "neighbours, their principal components or the untrained encoder, and more than when the same network restores by "
        "squared error, without hiding nodes again, or restores links"
    ),
    data="cora",
    arms={
        "graph-mae": GRAPH_MAE,
        "squared error": Learned("mae", {**BODY, **STEPS, "optimiser.betas": [0.9, 0.999]}, kind="graph"),
        "not hidden again": Learned("mae", {**BODY, **STEPS, "optimiser.betas": [0.9, 0.999], "decoder_depth": 0}, kind="graph"),
        "links": Learned("pretext-tasks", {**LINKS, **STEPS}, kind="graph"),
        **dull(GRAPH_MAE),
    },
    contrasts=(
        *beats("graph-mae", ("raw", "pca", "untrained"), FEW, margin=0.01),
        *beats("graph-mae", ("squared error", "not hidden again", "links"), FEW, margin=0.0),
    ),
    seeds=range(10, 15),
    quick=Size(samples=1_208, budget="60steps", seeds=2),
    full=Size(samples=1_208, budget="300steps"),
)
