"""Learning in memory, for callers that keep the encoder themselves and may want a folder later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from selflearn import networks, recipes
from selflearn.data import Dataset, spec_to_json
from selflearn.errors import DataError
from selflearn.evaluation import judge
from selflearn.measures import Verdict
from selflearn.networks import Encoder
from selflearn.recipes import PlanOutcome, Recipe
from selflearn.training import Budget, RunFolder, embed
from selflearn.views import plain
from selflearn.workflow import environment, records
from selflearn.workflow.choosing import pick_recipe, uses_accelerator
from selflearn.workflow.measuring import divide, measure
from selflearn.workflow.run import Run


@dataclass
class Trained:
    """An encoder, the recipe that made it, why it stopped, and the alarm if one rang."""

    encoder: Encoder
    recipe: Recipe
    termination: str
    alarm: Verdict | None


def train(
    dataset: Dataset,
    *,
    recipe: str | None,
    budget: str,
    changes: dict[str, Any],
    seed: int,
    device: str = "auto",
    precision: str = "auto",
) -> Trained:
    """Choose a recipe, train, return the encoder. Writes nothing."""
    accelerator = uses_accelerator(device)
    resolved = pick_recipe(dataset, recipe, None, changes, accelerator).recipe
    encoder = recipes.build_encoder(resolved.fits[0], dataset.spec, seed, accelerator)
    outcome = recipes.run_plan(resolved, dataset, encoder, Budget.parse(budget), seed, device=device, precision=precision)
    return Trained(outcome.encoder.eval(), resolved, outcome.stages[-1].ended, outcome.alarm)


def store(path: str | Path, encoder: Encoder, recipe: Recipe, request: dict[str, Any], seed: int) -> Path:
    """Write an encoder and what made it as a folder that `load` opens."""
    folder = RunFolder.create(path, overwrite=False)
    folder.write_yaml("config.yaml", {"request": {"source": None, **request}, "recipe": recipe.model_dump(mode="json")})
    folder.write_json("environment.json", environment.describe())
    folder.write_json("data.json", {"spec": spec_to_json(encoder.spec)})
    networks.save_encoder(encoder, folder.file("encoder"))
    return folder.path


def judge_in_folder(
    path: str | Path,
    dataset: Dataset,
    encoder: Encoder,
    recipe: Recipe,
    request: dict[str, Any],
    seed: int,
    labels: Any = None,
    alarm: Verdict | None = None,
) -> Run:
    """Score an encoder on the data it learned from and leave a whole run folder."""
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != (len(dataset),) or not np.issubdtype(labels.dtype, np.integer):
            raise DataError(f"labels must be {len(dataset)} integers, one a sample, with -1 where nobody knows")
        dataset.facts.labels = labels.astype(np.int64)
        dataset.facts.classes = [str(number) for number in range(int(labels.max()) + 1)]
    folder = RunFolder.create(path, overwrite=False)
    parts = divide(dataset, 0.0, seed)
    records.write_start(folder, {"source": None, **request}, recipe, dataset, parts, environment.describe())
    networks.save_encoder(encoder, folder.file("encoder"))
    untrained = recipes.build_twin(recipe.maker, encoder, seed)
    pair = recipes.build_views(recipe.fits[-1], dataset.spec)
    vectors = embed(encoder, dataset, plain(dataset.spec))
    taught = recipes.uses_labels(recipe)
    scorecard = measure(dataset, parts, encoder, untrained, paired_views=pair, taught=taught, vectors=vectors, seed=seed)
    records.write_embeddings(folder, dataset, parts, vectors)
    records.write_pictures(folder, dataset, seed)
    records.write_views(folder, dataset, recipe, seed)
    records.write_end(folder, PlanOutcome(encoder), scorecard, judge(scorecard, alarm), encoder, 0.0)
    return Run(folder)
