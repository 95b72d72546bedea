"""The schema of a recipe: YAML in, checked settings out. Every key is known here or is a setting of the method the stage names."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer, model_validator

from selflearn.data import KINDS
from selflearn.errors import RecipeError, complaint, nearest
from selflearn.methods import find
from selflearn.methods.options import check_options, declared_options
from selflearn.training import FitSettings

STAGE_KEYS = frozenset({"fit", "views", "encoder", "fresh", "share"})


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
    fresh : the stage begins with an untrained encoder (of the kind and size of the one before, if `encoder` names none) instead of
        training the one that was handed on.
    share : this stage's part of the whole budget, relative to the other stages.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    fit: str
    options: dict[str, Any]
    views: dict[str, Any]
    encoder: dict[str, Any]
    settings: FitSettings
    fresh: bool = False
    share: float = Field(default=1.0, gt=0)

    @model_serializer(mode="wrap")
    def _plain(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without `fresh` where it is False: what was sealed before there were fresh stages stays the same statement."""
        return {key: value for key, value in whole(self).items() if key != "fresh" or value}


class Clustering(BaseModel):
    """A stage that clusters what the encoder makes of every sample. For the stages after it, clusters are the labels.

    It uses nothing of the budget and leaves the encoder as it is.

    Attributes
    ----------
    cluster : the way: "kmeans" (see `selflearn.targets.kmeans`).
    clusters : how many.
    iterations : of the way.
    spherical : whether embeddings are compared by their direction alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    cluster: Literal["kmeans"]
    clusters: int = Field(ge=2)
    iterations: int = Field(default=30, ge=1)
    spherical: bool = False


class Recipe(BaseModel):
    """Stages as data, with the publication they come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    family: str
    summary: str
    system: str | None = None
    source: Source | None = None
    stages: tuple[Stage | Clustering, ...] = Field(min_length=1)
    preset: str | None = None

    @model_validator(mode="after")
    def _begin_and_end(self) -> Recipe:
        if not (isinstance(self.stages[0], Stage) and isinstance(self.stages[-1], Stage)):
            raise ValueError("the first and the last stage must be gradient stages, with a 'fit' key")
        return self

    @property
    def fits(self) -> tuple[Stage, ...]:
        """The gradient stages, in order."""
        return tuple(stage for stage in self.stages if isinstance(stage, Stage))

    @property
    def maker(self) -> Stage:
        """The stage that began with the encoder which is left in the end."""
        return next((stage for stage in reversed(self.fits) if stage.fresh), self.fits[0])


def parse_recipe(
    raw: Any,
    name: str,
    family: str,
    preset: str | None = None,
    changes: dict[str, Any] | None = None,
    kind: str | None = None,
    others: Callable[[str], dict[str, Any]] | None = None,
) -> Recipe:
    """A checked recipe from parsed YAML.

    Parameters
    ----------
    raw : what YAML gave.
    preset : the preset laid over every gradient stage; None takes the stages as they stand. What it lists under ``stages`` is for
        one stage each, in their order (null: nothing).
    kind : the kind of data; what the recipe (and its preset) says under ``kinds`` for it is laid over, too. None takes no kind's.
    changes : dotted keys and values laid last over every stage that knows them, e.g. ``{"optimiser.lr": 0.01}``.
    others : gives the YAML of another recipe by its name, for stages that are those of another (``recipe: simclr``).

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
    changes = dict(changes or {})
    merged = _laid_over(raw, preset, kind, where)
    if "recipe" in changes:
        _change(merged, "recipe", changes.pop("recipe"), where)
    merged = [part for stage in merged for part in _unfolded(stage, preset, kind, others, where)]
    for key, value in changes.items():
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


def _laid_over(raw: dict[str, Any], preset: str | None, kind: str | None, where: str) -> list[dict[str, Any]]:
    """The stages of a recipe with what is laid over them."""
    merged: list[dict[str, Any]] = copy.deepcopy(raw["stages"])
    for overlay in _overlays(raw, preset, kind, where):
        common = {key: value for key, value in overlay.items() if key != "stages"}
        own = overlay.get("stages", [None] * len(merged))
        if not isinstance(own, list) or len(own) != len(merged) or not all(each is None or isinstance(each, dict) for each in own):
            raise RecipeError(
                f"{where}: 'stages' in a preset must be a list of {len(merged)} mappings, one a stage (null: nothing)"
            )
        merged = [
            merge(merge(stage, common) if "fit" in stage else stage, each or {}) for stage, each in zip(merged, own, strict=True)
        ]
    return merged


def _unfolded(
    stage: dict[str, Any], preset: str | None, kind: str | None, others: Callable[[str], dict[str, Any]] | None, where: str
) -> list[dict[str, Any]]:
    """The stage itself; of one that is another recipe, that recipe's stages, with what else the stage says laid over them."""
    if "recipe" not in stage:
        return [stage]
    if others is None:
        raise RecipeError(f"{where}: stages of another recipe can only be taken from the shelf")
    raw = others(str(stage["recipe"]))
    inner = f"{where}, stages of {stage['recipe']!r}"
    if any("recipe" in part for part in raw["stages"]):
        raise RecipeError(f"{inner}: it is itself made of another recipe; name that one")
    own = {key: value for key, value in stage.items() if key != "recipe"}
    parts = _laid_over(raw, preset if preset in (raw.get("presets") or {}) else None, kind, inner)
    return [merge(part, own) if "fit" in part else part for part in parts]


def _for_kind(owner: dict[str, Any], kind: str | None, where: str) -> dict[str, Any]:
    kinds = owner.get("kinds") or {}
    if not isinstance(kinds, dict) or not all(isinstance(overlay, dict) for overlay in kinds.values()):
        raise RecipeError(f"{where}: 'kinds' maps kinds of data to stage keys, such as image: {{views: byol}}")
    for name in kinds:
        if name not in KINDS:
            raise RecipeError(f"{where}: 'kinds' names an unknown kind of data {name!r}{nearest(str(name), KINDS)}")
    return dict(kinds.get(kind) or {})


def _known_keys(stage: dict[str, Any]) -> set[str]:
    if "recipe" in stage:
        return {"recipe"}
    if "cluster" in stage:
        return set(Clustering.model_fields)
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


def _stage(raw: dict[str, Any], where: str) -> Stage | Clustering:
    if "cluster" in raw:
        _check_keys(raw, where)
        try:
            return Clustering(**raw)
        except ValidationError as error:
            raise RecipeError(f"{where}: {_first(error, Clustering)}") from error
    if not isinstance(raw.get("fit"), str):
        raise RecipeError(f"{where}: 'fit' must name a method, e.g. SimCLR or my_module:MyMethod")
    method = find(raw["fit"])
    _check_keys(raw, where)
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
        fresh=raw.get("fresh", False),
        share=raw.get("share", 1.0),
    )


def _check_keys(raw: dict[str, Any], where: str) -> None:
    known = _known_keys(raw)
    for key in raw:
        if key not in known:
            raise RecipeError(f"{where} has an unknown key {key!r}{nearest(str(key), known)}")


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
