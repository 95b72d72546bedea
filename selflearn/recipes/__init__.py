"""Recipes: stages as data, the schema that checks them, and the plan that runs them."""

from selflearn.recipes.choice import Choice, choose, default_preset
from selflearn.recipes.library import Entry, entries, load, presets_of, shelf
from selflearn.recipes.plan import (
    PlanOutcome,
    build_encoder,
    build_method,
    build_twin,
    build_views,
    check_plan,
    run_plan,
    uses_labels,
)
from selflearn.recipes.schema import Clustering, Recipe, Source, Stage, parse_recipe

__all__ = [
    "Choice",
    "Clustering",
    "Entry",
    "PlanOutcome",
    "Recipe",
    "Source",
    "Stage",
    "build_encoder",
    "build_method",
    "build_twin",
    "build_views",
    "check_plan",
    "choose",
    "default_preset",
    "entries",
    "load",
    "parse_recipe",
    "presets_of",
    "run_plan",
    "shelf",
    "uses_labels",
]
