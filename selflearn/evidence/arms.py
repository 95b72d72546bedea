"""Arms: what an experiment runs for each seed. An arm gets a job and gives named scores; they are kept under its settings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from selflearn import recipes
from selflearn.data import Dataset, few_labels, knowing
from selflearn.evidence.closure import source
from selflearn.evidence.material import Drawn
from selflearn.evidence.scoring import Score, Subject, scorecard
from selflearn.methods import find
from selflearn.networks import Encoder
from selflearn.recipes import Recipe
from selflearn.training import Budget, calibrate, embed
from selflearn.views import plain

PRECISION = "32"  # the same numbers on every machine, within rounding; bf16 exists only on some


@dataclass(frozen=True)
class Job:
    """One arm's work for one seed: its data and its budget."""

    data: Drawn
    seed: int
    budget: str


@dataclass(frozen=True)
class Measured:
    """What an arm gives: measure -> value, and "collapsed" or "diverged" if learning was stopped for it."""

    scores: Mapping[str, float]
    alarm: str | None = None


class Arm(ABC):
    """Something that an experiment compares."""

    learns = True  # False: the budget changes nothing, so it is no part of the key

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """The arm as it is stated: plain JSON."""

    @abstractmethod
    def run(self, job: Job) -> Measured:
        """Do the work for one seed. The same job gives the same scores."""

    def settings(self) -> dict[str, Any]:
        """Everything that decides the scores, resolved: plain JSON."""
        return self.state()

    def families(self) -> tuple[str, ...] | None:
        """Families of methods whose code takes part in the scores; None for all."""
        return None

    def files(self) -> list[Path]:
        """Files beside the experiment's own that hold its settings; they are committed before a measured run, too."""
        return []


@dataclass(frozen=True)
class Learned(Arm):
    """An encoder trained by a recipe, then scored.

    Attributes
    ----------
    recipe : a name on the shelf.
    changes : dotted keys laid over it.
    preset : of the recipe.
    kind : the kind of data, for which the recipe may have numbers of its own.
    labels : of each class, so many labels are known while it learns, drawn by the seed; None: all that the learning part has.
    score : from the data, what was learned and the seed to scores.
    labels : how many samples of each class have a label while it learns, drawn by the seed; None: all that have one.
    """

    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    preset: str | None = "small"
    score: Score = scorecard
    kind: str = "image"
    labels: int | None = None

    def resolved(self) -> Recipe:
        """The recipe with preset and changes."""
        preset = self.preset if self.preset in recipes.presets_of(self.recipe) else None
        return recipes.load(self.recipe, preset, dict(self.changes), self.kind)

    def state(self) -> dict[str, Any]:
        kind = {} if self.kind == "image" else {"kind": self.kind}  # statements on pictures were sealed before there were others
        more = {**kind, **self._few()}
        return {"learned": self.recipe, "preset": self.preset, "changes": dict(self.changes), "score": source(self.score), **more}

    def settings(self) -> dict[str, Any]:
        stages = self.resolved().model_dump(mode="json")["stages"]
        return {"learned": stages, "score": source(self.score), **self._few()}

    def _few(self) -> dict[str, int]:
        return {} if self.labels is None else {"labels": self.labels}

    def families(self) -> tuple[str, ...]:
        parts = (part for stage in self.resolved().fits for part in find(stage.fit).parts(stage.options))
        return tuple(sorted({part.__module__.split(".")[-2] for part in parts}))

    def files(self) -> list[Path]:
        return [recipes.shelf()[self.resolved().name]]

    def run(self, job: Job) -> Measured:
        recipe, learn = self.resolved(), job.data.learn
        if self.labels is not None:
            learn = knowing(learn, few_labels(learn.labels, per_class=self.labels, seed=job.seed))
        encoder = recipes.build_encoder(recipe.fits[0], learn.spec, job.seed, accelerator=False)
        outcome = recipes.run_plan(recipe, learn, encoder, Budget.parse(job.budget), job.seed, device="cpu", precision=PRECISION)
        alarm = outcome.alarm.kind if outcome.alarm is not None else None
        return Measured(self.score(job.data, Subject(features_of(outcome.encoder), outcome.method), job.seed), alarm)


@dataclass(frozen=True)
class Untrained(Arm):
    """The encoder of a recipe before any learning, its batch-norm statistics taken from the data: a baseline."""

    like: Learned
    learns = False

    def state(self) -> dict[str, Any]:
        return {"untrained": self.like.state()}

    def settings(self) -> dict[str, Any]:
        return {"untrained": self.like.resolved().fits[0].encoder, "score": source(self.like.score)}

    def families(self) -> tuple[str, ...]:
        return ()

    def run(self, job: Job) -> Measured:
        spec = job.data.learn.spec
        encoder = recipes.build_encoder(self.like.resolved().fits[0], spec, job.seed, accelerator=False)
        calibrate(encoder, job.data.learn, plain(spec), job.seed)
        return Measured(self.like.score(job.data, Subject(features_of(encoder)), job.seed))


@dataclass(frozen=True)
class Raw(Arm):
    """The input itself as features: a baseline."""

    score: Score = scorecard
    learns = False

    def state(self) -> dict[str, Any]:
        return {"raw": True, "score": source(self.score)}

    def families(self) -> tuple[str, ...]:
        return ()

    def run(self, job: Job) -> Measured:
        return Measured(self.score(job.data, Subject(_raw), job.seed))


@dataclass(frozen=True)
class Pca(Arm):
    """The leading principal components that hold 90 % of the input's variance, at most 256: a baseline."""

    score: Score = scorecard
    learns = False

    def state(self) -> dict[str, Any]:
        return {"pca": {"variance": 0.9, "most": 256}, "score": source(self.score)}

    def families(self) -> tuple[str, ...]:
        return ()

    def run(self, job: Job) -> Measured:
        from sklearn.decomposition import PCA

        learn = _raw(job.data.learn)
        axes = PCA(min(256, *learn.shape), random_state=0).fit(learn)
        kept = int(np.searchsorted(axes.explained_variance_ratio_.cumsum(), 0.9)) + 1
        subject = Subject(lambda dataset: axes.transform(_raw(dataset))[:, :kept].astype(np.float32))
        return Measured(self.score(job.data, subject, job.seed))


@dataclass(frozen=True)
class Computed(Arm):
    """Anything else: a named function from a job and settings to scores. For systems that are not an encoder and its probe.

    Attributes
    ----------
    work : ``work(job, **options) -> Measured``; its source is part of the statement, and that of the helpers beside it.
    options : plain JSON.
    """

    work: Callable[..., Measured]
    options: Mapping[str, Any] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        return {"computed": source(self.work), "options": dict(self.options)}

    def run(self, job: Job) -> Measured:
        return self.work(job, **self.options)


def dull(like: Learned) -> dict[str, Arm]:
    """The three dull baselines of a learned arm: raw input, PCA and the untrained encoder, scored as it is."""
    return {"raw": Raw(like.score), "pca": Pca(like.score), "untrained": Untrained(like)}


def features_of(encoder: Encoder) -> Callable[[Dataset], np.ndarray]:
    """(n, dim) features of any dataset by an encoder in eval mode; zeros where training left no finite numbers."""
    return lambda dataset: np.nan_to_num(embed(encoder, dataset, plain(dataset.spec), device="cpu"), posinf=0.0, neginf=0.0)


def _raw(dataset: Dataset) -> np.ndarray:
    return dataset.raw(np.arange(len(dataset)))
