"""Which recipe runs, on which numbers, and the reason to tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from selflearn import recipes
from selflearn.data import Dataset
from selflearn.recipes import Recipe


@dataclass(frozen=True)
class Picked:
    """A resolved recipe and why it was taken."""

    recipe: Recipe
    why: str


def uses_accelerator(device: str) -> bool:
    """Whether this device setting means a GPU on this machine."""
    return torch.cuda.is_available() if device == "auto" else not device.startswith("cpu")


def pick_recipe(dataset: Dataset, name: str | None, preset: str | None, changes: dict[str, Any], accelerator: bool) -> Picked:
    """The recipe asked for, or the default for this data; with the preset asked for, or the machine's."""
    if name is None:
        labelled = float((dataset.labels >= 0).mean())
        choice = recipes.choose(dataset.spec.kind, len(dataset), accelerator, labelled, dataset.spec.form)
        return Picked(recipes.load(choice.recipe, preset or choice.preset, changes, dataset.spec.kind), choice.why)
    chosen = preset or recipes.default_preset(recipes.presets_of(name), accelerator)
    return Picked(recipes.load(name, chosen, changes, dataset.spec.kind), "asked for")
