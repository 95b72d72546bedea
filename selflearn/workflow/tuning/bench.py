"""The bench on which candidates are trained to a rung and scored: data without labels, one division, the same views for all."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from selflearn import recipes, views
from selflearn.data import Dataset, knowing, subset
from selflearn.measures import Verdict
from selflearn.networks import Encoder
from selflearn.recipes import Recipe
from selflearn.training import Budget, Progress, RunFolder, embed
from selflearn.workflow import environment, records
from selflearn.workflow.choosing import uses_accelerator
from selflearn.workflow.measuring import Parts, divide
from selflearn.workflow.request import Request
from selflearn.workflow.tuning.scores import label_free
from selflearn.workflow.tuning.space import Candidate
from selflearn.workflow.tuning.standing import Standing

SCORED = 1_000  # held-out samples that candidates are scored on
SEEN = 4  # views of each
BANK = 1_500  # samples that are embedded beside them, for the check against labels afterwards
CANDIDATES = "candidates"


def unlabelled(dataset: Dataset) -> Dataset:
    """The dataset as it is where nobody has labelled anything: no label, no class name. Groups stay."""
    hidden = knowing(dataset, np.arange(0))
    hidden.facts.classes = []
    return hidden


class Bench:
    """Everything that training and scoring a candidate needs.

    Parameters
    ----------
    dataset : its labels are hidden here.
    request : what every candidate has in common: seed, device, precision, holdout, reading.
    out : the folder of the tuning.
    course : the budget of one whole course.
    """

    def __init__(self, dataset: Dataset, request: Request, out: Path, course: Budget | None = None) -> None:
        self.dataset, self.request, self.out, self.course = unlabelled(dataset), request, Path(out), course
        self.parts: Parts = divide(self.dataset, request.holdout, request.seed)
        self.learning = subset(self.dataset, self.parts.learn)
        draws = np.random.default_rng([request.seed, 31])
        unseen = self.parts.held_out if len(self.parts.held_out) else self.parts.learn
        self.scored = np.sort(draws.permutation(unseen)[:SCORED])
        self.bank = np.sort(draws.permutation(self.parts.learn)[:BANK])
        self.accelerator = uses_accelerator(request.device)

    def recipe(self, candidate: Candidate) -> Recipe:
        """The resolved recipe of a candidate."""
        return recipes.load(candidate.recipe, candidate.preset, candidate.changes, self.dataset.spec.kind)

    def asked(self, candidate: Candidate) -> Request:
        """What `learn` would be asked for to make this candidate."""
        return self.request.model_copy(
            update={
                "recipe": candidate.recipe,
                "preset": candidate.preset,
                "changes": candidate.changes,
                "budget": str(self.course),
            }
        )

    def folder(self, candidate: Candidate) -> Path:
        """Where a candidate's run lies."""
        return self.out / CANDIDATES / candidate.name

    def climb(self, candidate: Candidate, rung: int, share: float, report: Callable[[Progress], None] | None = None) -> Standing:
        """Train a candidate on to a share of its course, from wherever it was saved, and score it. Nothing is done twice."""
        assert self.course is not None
        path = self.folder(candidate)
        file = f"rung-{rung + 1}.json"
        begun = (path / "config.yaml").exists()
        folder = RunFolder.open(path) if begun else RunFolder.create(path, overwrite=True)
        if folder.file(file).exists():
            return Standing(**folder.read_json(file))
        with folder.lock():
            recipe = self.recipe(candidate)
            if not begun:
                machine = environment.describe()
                records.write_start(folder, self.asked(candidate).model_dump(), recipe, self.dataset, self.parts, machine)
            encoder = recipes.build_encoder(recipe.fits[0], self.dataset.spec, self.request.seed, self.accelerator)
            outcome = recipes.run_plan(
                recipe,
                self.learning,
                encoder,
                self.course,
                self.request.seed,
                device=self.request.device,
                precision=self.request.precision,
                folder=folder,
                resume=True,
                until=share,
                report=report,
            )
            began = time.monotonic()
            alarm, scores = outcome.alarm, dict[str, float]()
            if alarm is None:
                alarm, scores = self._score(outcome.encoder.eval(), folder, rung)
            standing = Standing(
                scores,
                None if alarm is None else alarm.to_json(),
                sum(stage.step for stage in outcome.stages),
                sum(stage.samples for stage in outcome.stages),
                round(sum(stage.seconds for stage in outcome.stages), 2),
                round(time.monotonic() - began, 2),
            )
            folder.write_json(file, vars(standing))
        return standing

    def _score(self, encoder: Encoder, folder: RunFolder, rung: int) -> tuple[Verdict | None, dict[str, float]]:
        """Label-free scores, or why there are none; and the embeddings are kept, so that who has labels may check the choice."""
        spec, seed, device = self.dataset.spec, self.request.seed, self.request.device
        plain = views.plain(spec)
        held_out = embed(encoder, subset(self.dataset, self.scored), plain, device=device, seed=seed)
        seen = self._seen(encoder)
        if not (np.isfinite(held_out).all() and np.isfinite(seen).all()):
            return Verdict("diverged", "its embeddings are not finite", "Lower the learning rate (try a tenth)."), {}
        if not np.ptp(seen, axis=(0, 1)).any():
            return Verdict("collapsed", "all samples are encoded alike", "Lower the learning rate (try a tenth)."), {}
        bank = embed(encoder, subset(self.dataset, self.bank), plain, device=device, seed=seed)
        with folder.replacing(f"rung-{rung + 1}.npz") as beside, beside.open("wb") as file:
            np.savez(file, bank=bank, scored=held_out)
        return None, label_free(held_out, seen, seed)

    def _seen(self, encoder: Encoder) -> np.ndarray:
        """(samples, views, dim) what the encoder makes of the kind's standard views: the very same pixels for every candidate."""
        standard = views.build(self.dataset.spec, "standard")
        sample = subset(self.dataset, self.scored)
        device, seed = self.request.device, self.request.seed
        seen = [
            embed(encoder, sample, standard[number % len(standard)], device=device, seed=seed + number) for number in range(SEEN)
        ]
        return np.stack(seen, axis=1)
