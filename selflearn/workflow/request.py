"""What was asked of `learn`, checked; and read again from a run's folder, where it may have been damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from selflearn.data.remote.urls import is_pattern, is_url
from selflearn.errors import RecipeError, RunError, complaint, nearest
from selflearn.recipes import Recipe
from selflearn.training import RunFolder


class Request(BaseModel):
    """What was asked of `learn`; stored in the run, so that it can be resumed and repeated.

    Attributes
    ----------
    source : path, URL or name of the data; None when arrays or objects were given.
    recipe : a recipe's name or YAML file; None chooses one for the data.
    preset : the recipe's preset; None chooses by the machine.
    budget : when learning ends: ``90s``, ``10min``, ``20epochs``, ``300steps``, ``1e6samples``.
    labels, groups : file, or name of a column, with labels and with groups; None for those the source brings.
    kind : overrules what the data is taken for.
    holdout : share of samples kept from learning, for the scorecard, in [0, 0.9].
    changes : dotted recipe keys and values (``--set``).
    size : side in pixels (or the kind's like) to which samples are brought.
    read : reading options of one kind of data alone, e.g. ``{"rate": 8000}`` for sound.
    """

    model_config = ConfigDict(extra="forbid")
    source: str | None
    recipe: str | None = None
    preset: str | None = None
    budget: str = "2min"
    labels: str | None = None
    groups: str | None = None
    kind: str | None = None
    seed: int = Field(default=0, ge=0)
    device: str = "auto"
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    holdout: float = Field(default=0.2, ge=0, le=0.9)
    changes: dict[str, Any] = Field(default_factory=dict)
    size: int | None = None
    read: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, **asked: Any) -> Request:
        """A request from keywords; a misspelt one, a wrong type or a value out of range is a `RecipeError` that names it."""
        for name in asked:
            if name not in cls.model_fields:
                raise RecipeError(f"learn has no setting {name!r}{nearest(name, cls.model_fields)}")
        try:
            return cls(**asked)
        except ValidationError as error:
            raise RecipeError(complaint(error)) from error

    @classmethod
    def of_run(cls, folder: RunFolder) -> Request:
        """What a run was asked for; `RunError` where its config.yaml does not hold it whole."""
        try:
            return cls.of(**_part(folder, "request"))
        except RecipeError as error:
            raise _damaged(folder, str(error)) from error


def written(given: Any) -> str | None:
    """How a source, labels or groups are noted, so that the run can be continued and scored again from wherever one stands.

    A file, folder or pattern by its full path; a name (of embedded data, a column) as it is; None for an object in memory.
    """
    if not isinstance(given, str | Path):
        return None
    path = Path(given).expanduser()
    return str(path.absolute()) if path.exists() or (is_pattern(str(given)) and not is_url(given)) else str(given)


def read_config(folder: RunFolder) -> tuple[Request, Recipe]:
    """What was asked for, and the resolved recipe, as a run's config.yaml holds them.

    Raises
    ------
    RunError : the file is missing, or does not hold them whole; names what is wrong.
    """
    return Request.of_run(folder), recipe_of_run(folder)


def recipe_of_run(folder: RunFolder) -> Recipe:
    """The resolved recipe of a run; `RunError` where config.yaml does not hold it whole."""
    try:
        return Recipe(**_part(folder, "recipe"))
    except ValidationError as error:
        raise _damaged(folder, complaint(error)) from error


def _part(folder: RunFolder, name: str) -> dict[str, Any]:
    config = folder.read_yaml("config.yaml")
    part = config.get(name) if isinstance(config, dict) else None
    if not isinstance(part, dict) or not all(isinstance(key, str) for key in part):
        raise _damaged(folder, f"it has no {name}")
    return part


def _damaged(folder: RunFolder, why: str) -> RunError:
    return RunError(f"{folder.file('config.yaml')} is damaged: {why}. Put it back as it was, or start a new run")
