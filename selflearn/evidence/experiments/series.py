"""Systems made for series and sensors: do their parts do what they are said to do?"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from selflearn import recipes
from selflearn.data import Dataset, ReadOptions, read, subset
from selflearn.errors import RunError
from selflearn.evidence.arms import Computed, Job, Learned, Measured, Raw, Untrained, dull, features_of
from selflearn.evidence.material import Drawn
from selflearn.evidence.scoring import Subject, outputs, scorecard
from selflearn.evidence.statement import Experiment, Size, beats, better
from selflearn.measures.rank import rankme
from selflearn.training import Budget

FEW = "16 labels a class"


def series(recipe: str, score: Any = scorecard, **changes: Any) -> Learned:
    """A recipe on series, with dotted keys laid over it (written with two underscores)."""
    return Learned(recipe, {key.replace("__", "."): value for key, value in changes.items()}, score=score, kind="series")


# A Time Series is Worth 64 Words: Long-term Forecasting with Transformers (its masked learning)

PATCHTST = series("patchtst", batch=64)

patchtst = Experiment(
    name="patchtst",
    systems=("S403",),
    claim=(
        "Restoring two patches in five, every channel on its own and at its own scale, teaches a transformer features from which "
        "16 labels a class tell activities of people it never saw at least two points better than from the same transformer "
        "untrained, and better than where a twentieth of the patches is hidden"
    ),
    data="chest-accelerometer",
    arms={
        "patchtst": PATCHTST,
        "a twentieth hidden": series("patchtst", batch=64, hidden=0.05),
        **dull(PATCHTST),
    },
    contrasts=(
        better("patchtst", "untrained", FEW, margin=0.02),
        better("patchtst", "a twentieth hidden", FEW, margin=0.0),
    ),
    seeds=range(10, 15),
    quick=Size(samples=1_000, budget="60steps", seeds=3, tested=1_000),
    full=Size(samples=3_000, budget="300steps", tested=2_000),
)


# TimeDRL: Disentangled Representation Learning for Multivariate Time-Series

TIMEDRL = series("timedrl")

timedrl = Experiment(
    name="timedrl",
    systems=("S408",),
    claim=(
        "Without augmentation or negatives, tokens that restore their part and a summary that agrees between two dropout passes "
        "teach features from which 16 labels a class tell outlines at least two points better than from the untrained encoder; "
        "and each of the two tasks has a share in that: without either, accuracy is lower"
    ),
    data="phalanges",
    arms={
        "timedrl": TIMEDRL,
        "no agreement": series("timedrl", agreement=0.0),
        "no restoration": series("timedrl", restoration=0.0),
        **dull(TIMEDRL),
    },
    contrasts=(
        better("timedrl", "untrained", FEW, margin=0.02),
        *beats("timedrl", ("no agreement", "no restoration"), FEW, margin=0.0),
    ),
    seeds=range(10, 15),
    quick=Size(samples=1_000, budget="100steps", seeds=3),
    full=Size(samples=1_400, budget="400steps"),
)


# Large-scale Training of Foundation Models for Wearable Biosignals


def who(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """Accuracy of telling people whom the encoder never saw apart: 16 windows of each person's first half name the second half."""
    features, people = subject.features(data.test), data.test.facts.groups
    if people is None:
        raise RunError("to tell people apart, the data must say whose each window is")
    rng = np.random.default_rng([seed, 11])
    learn, test = [], []
    for person in np.unique(people):
        mine = np.flatnonzero(people == person)  # in order of time
        learn.append(rng.permutation(mine[: len(mine) // 2])[:16])
        test.append(mine[len(mine) // 2 :])
    known, asked = np.concatenate(learn), np.concatenate(test)
    machine = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(features[known], people[known])
    right = machine.predict(features[asked]) == people[asked]
    return {"who, balanced": float(np.mean([right[people[asked] == person].mean() for person in np.unique(people)]))}


WHO = "who, balanced"
WEARABLE = series("biosignals", score=who, batch=128, encoder__width=24)

biosignals = Experiment(
    name="biosignals",
    systems=("S243",),
    claim=(
        "Where two stretches of one participant are a positive pair, the features tell people whom it never saw apart by at least "
        "five points better than where only the changed stretch itself is, and better than the untrained encoder and the "
        "statistics of a window do"
    ),
    data="chest-accelerometer",
    arms={
        "biosignals": WEARABLE,
        "stretches alone": series("biosignals", score=who, batch=128, encoder__width=24, same="sample"),
        **dull(WEARABLE),
    },
    contrasts=(
        better("biosignals", "stretches alone", WHO, margin=0.05),
        *beats("biosignals", ("raw", "untrained"), WHO, margin=0.0),
    ),
    seeds=range(10, 15),
    quick=Size(samples=1_000, budget="40steps", seeds=3, tested=1_000),
    full=Size(samples=3_000, budget="150steps", tested=2_000),
)


# A Principled Framework for Multi-View Contrastive Learning


def with_rank(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """The scorecard, and the effective rank of what the method compares."""
    scores = scorecard(data, subject, seed)
    if subject.method is not None:
        scores["output rank"] = rankme(outputs(data.learn, subject.method))
    return scores


FOUR = {"views": {"name": "multicrop", "crops": 2}, "batch": 64, "encoder.width": 24}
DHEL = Learned("many-views", FOUR, score=with_rank, kind="series")

many_views = Experiment(
    name="many-views",
    systems=("S079",),
    claim=(
        "Four views of a series in one decoupled term teach features from which 16 labels a class tell outlines at least as well, "
        "to within half a point, as from the sum over pairs of the same four views, and better than from the untrained encoder; "
        "and what is compared keeps at least as many effective dimensions as with two views"
    ),
    data="phalanges",
    arms={
        "four views": DHEL,
        "two views": Learned("many-views", {**FOUR, "views": "standard"}, score=with_rank, kind="series"),
        "pairs of four views": Learned("simclr", {**FOUR, "temperature": 0.2}, score=with_rank, kind="series"),
        "untrained": Untrained(DHEL),
    },
    contrasts=(
        better("four views", "pairs of four views", FEW, margin=-0.005),
        better("four views", "untrained", FEW, margin=0.0),
        better("four views", "two views", "output rank", margin=0.0),
    ),
    seeds=range(10, 15),
    quick=Size(samples=1_000, budget="40steps", seeds=3),
    full=Size(samples=1_400, budget="150steps"),
)


# ColloSSL: Collaborative Self-Supervised Learning for Human Activity Recognition

ANCHOR, DRAWS, EACH = 4, 3, 4  # the forearm, draws of four labels a class
FOREARM = "macro-F1, forearm alone, 4 labels a class"


def anchor_alone(dataset: Dataset) -> Dataset:
    """What the anchor device alone recorded, at the scale it has among the others."""
    spec: Any = dataset.spec
    count = len(spec.channels) // spec.devices
    mine = slice(ANCHOR * count, (ANCHOR + 1) * count)
    alone = spec.model_copy(update={name: getattr(spec, name)[mine] for name in ("channels", "mean", "std")} | {"devices": 0})
    values = dataset.batch(np.arange(len(dataset))).values[:, mine].numpy()
    return read(values, ReadOptions(kind="series", labels=dataset.labels, cache=False), like=alone)


def few(labels: np.ndarray, seed: int, draw: int) -> np.ndarray:
    """Positions of four samples of each class."""
    order = np.random.default_rng([seed, draw, 13]).permutation(len(labels))
    return np.concatenate([order[labels[order] == label][:EACH] for label in np.unique(labels)])


def read_off(data: Drawn, subject: Subject, rows: np.ndarray) -> float:
    """Macro-F1 of a logistic regression on what an encoder says of the forearm, taught by these rows."""
    machine = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    machine.fit(subject.features(anchor_alone(data.learn))[rows], data.learn.labels[rows])
    return float(f1_score(data.test.labels, machine.predict(subject.features(anchor_alone(data.test))), average="macro"))


def forearm(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """Macro-F1 from the anchor device alone, mean over draws of labels."""
    return {FOREARM: float(np.mean([read_off(data, subject, few(data.learn.labels, seed, draw)) for draw in range(DRAWS)]))}


def from_scratch(job: Job) -> Measured:
    """The same trunk taught by the few labels of the forearm alone, for as many updates; then read as the others are."""
    scores = []
    for draw in range(DRAWS):
        rows = few(job.data.learn.labels, job.seed, draw)
        labelled = anchor_alone(subset(job.data.learn, rows))
        changes = {"encoder": {"name": "dilated", "width": 32, "parts": 3}, "views": "plain", "batch": 64}
        recipe = recipes.load("cross-entropy", None, changes, "series")
        encoder = recipes.build_encoder(recipe.stages[0], labelled.spec, job.seed, accelerator=False)
        recipes.run_plan(recipe, labelled, encoder, Budget.parse(job.budget), job.seed, device="cpu", precision="32")
        scores.append(read_off(job.data, Subject(features_of(encoder)), rows))
    return Measured({FOREARM: float(np.mean(scores))})


COLLOSSL = series("collossl", score=forearm, batch=64)

collossl = Experiment(
    name="collossl",
    systems=("S119",),
    claim=(
        "Where the device most alike gives each device its positives, the forearm alone tells twenty actions of people never seen "
        "from four labels a class at least three points of macro-F1 better than the same encoder untrained, better than the same "
        "encoder taught by those labels from scratch, and better than where positives come from a random device"
    ),
    data="worn-joints",
    arms={
        "collossl": COLLOSSL,
        "a random device": series("collossl", score=forearm, batch=64, selection="random"),
        "from scratch": Computed(from_scratch),
        "raw": Raw(forearm),
        "untrained": Untrained(COLLOSSL),
    },
    contrasts=(
        better("collossl", "untrained", FOREARM, margin=0.03),
        *beats("collossl", ("from scratch", "raw", "a random device"), FOREARM, margin=0.0),
    ),
    seeds=range(10, 15),
    quick=Size(samples=300, budget="60steps", seeds=3),
    full=Size(samples=300, budget="150steps"),
)
