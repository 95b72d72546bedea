"""Which recipe fits what a person has. The rules are data: `defaults.yaml`, first match wins, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from selflearn.errors import RecipeError


@dataclass(frozen=True)
class Choice:
    """A chosen recipe, the preset laid over it, and the reason to tell."""

    recipe: str
    preset: str | None
    why: str


def choose(kind: str, samples: int, accelerator: bool, labelled: float = 0.0, form: str = "") -> Choice:
    """The default recipe for `samples` of a kind of data.

    Parameters
    ----------
    kind : the kind of data.
    samples : how many there are.
    accelerator : whether a GPU will train.
    labelled : share of samples with a label, in [0, 1].
    form : what of its kind the data is (`Spec.form`).
    """
    rules = yaml.safe_load((Path(__file__).parent / "defaults.yaml").read_text(encoding="utf-8"))
    for rule in rules:
        when = rule.get("when", {})
        fits = (
            when.get("kind", kind) == kind
            and when.get("accelerator", accelerator) == accelerator
            and when.get("form", form) == form
            and samples >= when.get("least_samples", 0)
            and labelled >= when.get("least_labelled", 0.0)
        )
        if fits:
            return Choice(rule["recipe"], rule.get("preset"), rule["why"])
    raise RecipeError(f"no default recipe for {kind} data; name one with --recipe")


def default_preset(presets: tuple[str, ...], accelerator: bool) -> str | None:
    """The preset for a recipe a person named: the publication's numbers on a GPU, the small one on a CPU, if it has them."""
    wanted = "published" if accelerator else "small"
    return wanted if wanted in presets else None
