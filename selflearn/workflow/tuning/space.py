"""Candidates: the default recipe as it stands, then others, each with views and a learning rate drawn around the recipe's own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from selflearn import recipes
from selflearn.data import Dataset
from selflearn.errors import DataError, RecipeError, SelflearnError
from selflearn.recipes import Recipe
from selflearn.workflow.choosing import pick_recipe

SPREAD = 4.0  # the learning rate is drawn between a quarter and four times the recipe's own, uniformly in its logarithm
TRIES = 200  # draws after which a small space is taken to hold no more


@dataclass(frozen=True)
class Candidate:
    """One choice of recipe, views and learning rate.

    Attributes
    ----------
    name : of its folder: a number and the recipe.
    recipe, preset : what `learn` would be asked for.
    views : what the views are called in the space; "own" for the recipe's.
    lr : peak learning rate of the first stage, before it is scaled to the batch.
    changes : what is laid over the recipe (`--set`).
    default : whether it is what `learn` does when nobody chooses (among recipes that were named: the first of them as it stands).
    """

    name: str
    recipe: str
    preset: str | None
    views: str
    lr: float
    changes: dict[str, Any] = field(default_factory=dict)
    default: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @property
    def title(self) -> str:
        """Words for a table: recipe, views, learning rate."""
        views = "" if self.views == "own" else f", {self.views} views"
        return f"{self.recipe}{views}, lr {self.lr:.2g}{' (default)' if self.default else ''}"


def draw(
    dataset: Dataset,
    learning: int,
    count: int,
    names: list[str] | None,
    changes: dict[str, Any],
    accelerator: bool,
    seed: int,
) -> list[Candidate]:
    """The candidates; the first is the default for this data (with `names`, the first of them as it stands).

    Parameters
    ----------
    dataset : without labels.
    learning : samples that will be learned from.
    count : how many; fewer where the space holds fewer.
    names : the recipes to choose among; None takes those that are listed for this kind of data.
    changes : laid over every candidate.

    Raises
    ------
    RecipeError : an unknown recipe (with the nearest), or one that was asked for and cannot learn from this data without labels.
    DataError : no recipe fits this kind of data.
    """
    space = yaml.safe_load((Path(__file__).parent / "space.yaml").read_text(encoding="utf-8")).get(dataset.spec.kind, {})
    default = pick_recipe(dataset, names[0] if names else None, None, changes, accelerator).recipe
    asked = names or list(dict.fromkeys([default.name, *space.get("recipes", [])]))
    fitting, why = [], dict[str, str]()
    for name in dict.fromkeys(asked):
        found = pick_recipe(dataset, name, None, changes, accelerator).recipe
        reason = unfit(found, dataset, learning, accelerator, seed)
        if reason is None:
            fitting.append(found)
        elif names:
            raise RecipeError(f"recipe {name!r} cannot be tuned here: {reason}")
        else:
            why[name] = reason
    if not fitting:
        told = "; ".join(f"{name}: {reason}" for name, reason in list(why.items())[:3])
        raise DataError(f"no recipe can be tuned on this {dataset.spec.kind} data without labels ({told})")
    first = next((each for each in fitting if each.name == default.name), fitting[0])
    chosen = [_candidate(0, first, "own", first.fits[0].settings.optimiser.lr, changes, {}, default=True)]
    return [*chosen, *_others(chosen, fitting, space.get("views", {}), count, changes, seed)]


def unfit(recipe: Recipe, dataset: Dataset, learning: int, accelerator: bool, seed: int) -> str | None:
    """Why a recipe cannot be a candidate for this data, or None."""
    if recipes.uses_labels(recipe):
        return "it learns from labels"
    try:
        encoder = recipes.build_encoder(recipe.fits[0], dataset.spec, seed, accelerator)
        if "answers" in encoder.capabilities:
            return "it predicts, and embeds nothing that could be compared; use selflearn learn"
        recipes.check_plan(recipe, dataset, encoder, seed, learning)
    except SelflearnError as error:
        return str(error)
    return None


def _others(
    chosen: list[Candidate], fitting: list[Recipe], views: dict[str, Any], count: int, changes: dict[str, Any], seed: int
) -> list[Candidate]:
    """Recipes in turn, in an order that the seed shuffles once, so that each is tried before one is tried again."""
    draws = np.random.default_rng([seed, 271])
    order = [fitting[row] for row in draws.permutation(len(fitting))]
    fixed = {key for key in changes if key.split(".")[0] in {"views", "optimiser"}}
    found, seen = list[Candidate](), {(each.recipe, each.views, each.lr) for each in chosen}
    for attempt in range(TRIES):
        if len(chosen) + len(found) >= count:
            break
        recipe = order[attempt % len(order)]
        stage = recipe.fits[0]
        offered = {"own": {}, **views.get(stage.views["name"], {})}
        if any(key.startswith("views") for key in fixed):
            offered = {"own": {}}
        name = list(offered)[draws.integers(len(offered))]
        factor = float(np.exp(draws.uniform(-np.log(SPREAD), np.log(SPREAD))))
        own = stage.settings.optimiser.lr
        lr = own if any(key.startswith("optimiser") for key in fixed) else float(f"{own * factor:.2g}")
        if (recipe.name, name, lr) in seen:
            continue
        seen.add((recipe.name, name, lr))
        found.append(_candidate(len(chosen) + len(found), recipe, name, lr, changes, offered[name]))
    return found


def _candidate(
    number: int, recipe: Recipe, views: str, lr: float, changes: dict[str, Any], over: dict[str, Any], default: bool = False
) -> Candidate:
    own = recipe.fits[0].settings.optimiser.lr
    laid = {**changes, **{f"views.{key}": value for key, value in over.items()}}
    if lr != own:
        laid["optimiser.lr"] = lr
    return Candidate(f"{number:02d}-{recipe.name}", recipe.name, recipe.preset, views, lr, laid, default)
