"""The schema of a recipe: YAML in, checked settings out. Every key is known here or is a setting of the method the stage names."""

from __future__ import annotations

import copy
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from selflearn.data import KINDS
from selflearn.errors import RecipeError, complaint, nearest
from selflearn.methods import find
from selflearn.methods.options import check_options, declared_options
from selflearn.training import FitSettings

STAGE_KEYS = frozenset({"fit", "views", "encoder", "share"})


class Source(BaseModel):
    """The publication a recipe comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    authors: str
    title: str
    year: int
    url: str | None = None


class Stage(BaseModel):
    """One gradient stage of a plan.

    Attributes
    ----------
    fit : the method: a class of selflearn, or ``my_module:MyMethod``.
    options : settings of that method, complete.
    views, encoder : ``{"name": ..., **options}``.
    settings : optimiser, schedule, batch and what else `FitSettings` holds.
    share : this stage's part of the whole budget, relative to the other stages.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    fit: str
    options: dict[str, Any]
    views: dict[str, Any]
    encoder: dict[str, Any]
    settings: FitSettings
    share: float = Field(default=1.0, gt=0)


class Recipe(BaseModel):
    """Stages as data, with the publication they come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    family: str
    summary: str
    system: str | None = None
    source: Source | None = None
    stages: tuple[Stage, ...] = Field(min_length=1)
    preset: str | None = None


def parse_recipe(
    raw: Any, name: str, family: str, preset: str | None = None, changes: dict[str, Any] | None = None, kind: str | None = None
) -> Recipe:
    """A checked recipe from parsed YAML.

    Parameters
    ----------
    raw : what YAML gave.
    preset : the preset laid over every stage; None takes the stages as they stand.
    kind : the kind of data; what the recipe (and its preset) says under ``kinds`` for it is laid over, too. None takes no kind's.
    changes : dotted keys and values laid over the first stage that knows them last, e.g. ``{"optimiser.lr": 0.01}``.

    Raises
    ------
    RecipeError : an unknown key (with the nearest right one), a wrong type, or an impossible combination; names the place.
    """
    where = f"recipe {name!r}"
    top = {"summary", "system", "source", "stages", "presets", "kinds"}
    if not isinstance(raw, dict):
        raise RecipeError(f"{where} is not a mapping of keys; it needs at least: summary, stages")
    for key in raw:
        if key not in top:
            raise RecipeError(f"{where} has an unknown key {key!r}{nearest(str(key), top)}")
    stages = raw.get("stages")
    if not isinstance(stages, list) or not stages or not all(isinstance(stage, dict) for stage in stages):
        raise RecipeError(f"{where}: 'stages' must be a list of mappings, each with a 'fit' key")
    overlays = _overlays(raw, preset, kind, where)
    merged = [copy.deepcopy(stage) for stage in stages]
    for overlay in overlays:
        merged = [merge(stage, overlay) for stage in merged]
    for key, value in (changes or {}).items():
        _change(merged, key, value, where)
    try:
        return Recipe(
            name=name,
            family=family,
            summary=raw.get("summary", ""),
            system=raw.get("system"),
            source=raw.get("source"),
            stages=tuple(_stage(stage, f"{where}, stage {number + 1}") for number, stage in enumerate(merged)),
            preset=preset,
        )
    except ValidationError as error:
        raise RecipeError(f"{where}: {_first(error, Recipe)}") from error


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """`base` with `over` laid on top, mapping by mapping. A mapping with another `name` replaces the old one whole."""
    for key, value in over.items():
        old = base.get(key)
        if isinstance(old, str) and isinstance(value, dict) and "name" not in value:
            old = {"name": old}
        same = isinstance(old, dict) and isinstance(value, dict) and value.get("name", old.get("name")) == old.get("name")
        base[key] = merge(dict(old), value) if same else copy.deepcopy(value)  # type: ignore[arg-type]
    return base


def _preset(presets: Any, preset: str | None, where: str) -> dict[str, Any]:
    if preset is None:
        return {}
    if preset not in presets:
        raise RecipeError(f"{where} has no preset {preset!r}{nearest(preset, presets)}")
    chosen = presets[preset]
    return chosen if isinstance(chosen, dict) else {}


def _overlays(raw: dict[str, Any], preset: str | None, kind: str | None, where: str) -> list[dict[str, Any]]:
    """What is laid over every stage, in order: the kind's own, the preset, the preset's own for that kind."""
    chosen = _preset(raw.get("presets") or {}, preset, where)
    own = {key: value for key, value in chosen.items() if key != "kinds"}
    laid = [_for_kind(raw, kind, where), own, _for_kind(chosen, kind, where)]
    return [overlay for overlay in laid if overlay]


def _for_kind(owner: dict[str, Any], kind: str | None, where: str) -> dict[str, Any]:
    kinds = owner.get("kinds") or {}
    if not isinstance(kinds, dict) or not all(isinstance(overlay, dict) for overlay in kinds.values()):
        raise RecipeError(f"{where}: 'kinds' maps kinds of data to stage keys, such as image: {{views: byol}}")
    for name in kinds:
        if name not in KINDS:
            raise RecipeError(f"{where}: 'kinds' names an unknown kind of data {name!r}{nearest(str(name), KINDS)}")
    return dict(kinds.get(kind) or {})


def _known_keys(stage: dict[str, Any]) -> set[str]:
    return set(STAGE_KEYS) | set(FitSettings.model_fields) | set(declared_options(find(str(stage.get("fit")))))


def _change(stages: list[dict[str, Any]], key: str, value: Any, where: str) -> None:
    """Lay one dotted key over every stage that knows it."""
    head, *rest = key.split(".")
    hit = [stage for stage in stages if head in _known_keys(stage)]
    if not hit:
        known = set().union(*(_known_keys(stage) for stage in stages))
        raise RecipeError(f"{where} has no setting {head!r}{nearest(head, known)}")
    for part in reversed(rest):
        value = {part: value}
    for stage in hit:
        merge(stage, {head: value})


def _named(value: Any, default: str, where: str, key: str) -> dict[str, Any]:
    if value is None:
        return {"name": default}
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict):
        return {"name": default, **value}
    raise RecipeError(f"{where}: {key} must be a name or a mapping with a name, not {value!r}")


def _stage(raw: dict[str, Any], where: str) -> Stage:
    if not isinstance(raw.get("fit"), str):
        raise RecipeError(f"{where}: 'fit' must name a method, e.g. SimCLR or my_module:MyMethod")
    method = find(raw["fit"])
    known = _known_keys(raw)
    for key in raw:
        if key not in known:
            raise RecipeError(f"{where} has an unknown key {key!r}{nearest(str(key), known)}")
    fit_keys = set(FitSettings.model_fields) - set(declared_options(method))
    try:
        settings = FitSettings(**{key: value for key, value in raw.items() if key in fit_keys})
    except ValidationError as error:
        raise RecipeError(f"{where}: {_first(error, FitSettings)}") from error
    given = {key: value for key, value in raw.items() if key not in STAGE_KEYS and key not in fit_keys}
    return Stage(
        fit=raw["fit"],
        options=check_options(method, given),
        views=_named(raw.get("views"), method.default_views, where, "views"),
        encoder=_named(raw.get("encoder"), "auto", where, "encoder"),
        settings=settings,
        share=raw.get("share", 1.0),
    )


def _first(error: ValidationError, model: type[BaseModel]) -> str:
    """The first complaint of pydantic in one line, with the nearest right key where one is unknown."""
    first = error.errors()[0]
    if first["type"] == "extra_forbidden":
        place = ".".join(str(part) for part in first["loc"])
        *owners, name = (str(part) for part in first["loc"])
        return f"unknown key {place!r}{nearest(name, _keys(model, owners))}"
    return complaint(error)


def _keys(model: type[BaseModel], owners: list[str]) -> set[str]:
    """The keys of the settings that `owners` lead to."""
    for owner in owners:
        annotation = model.model_fields[owner].annotation
        inner = (each for each in (annotation, *get_args(annotation)) if isinstance(each, type) and issubclass(each, BaseModel))
        model = next(inner, model)
    return set(model.model_fields)
