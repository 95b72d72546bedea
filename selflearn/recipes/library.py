"""The recipes that ship, and those of a person's own: found by name or path, checked, listed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from selflearn.errors import RecipeError, nearest
from selflearn.recipes.schema import Recipe, parse_recipe

SHELVES = Path(__file__).parent


@dataclass(frozen=True)
class Entry:
    """A recipe on the shelf, read but not yet resolved."""

    name: str
    family: str
    path: Path
    summary: str
    system: str | None
    presets: tuple[str, ...]


def shelf() -> dict[str, Path]:
    """Name -> file of every recipe that ships: ``barlow-twins`` -> ``recipes/joint/barlow_twins.yaml``."""
    return {path.stem.replace("_", "-"): path for path in sorted(SHELVES.glob("*/*.yaml"))}


def entries() -> list[Entry]:
    """Every recipe that ships, in order of family and name."""
    found = []
    for name, path in shelf().items():
        raw = _read(path)
        found.append(
            Entry(name, path.parent.name, path, raw.get("summary", ""), raw.get("system"), tuple(raw.get("presets") or ()))
        )
    return sorted(found, key=lambda entry: (entry.family, entry.name))


def load(recipe: str | Path, preset: str | None = None, changes: dict[str, Any] | None = None, kind: str | None = None) -> Recipe:
    """The recipe of this name, or in this YAML file, with a preset and changes laid over it.

    Parameters
    ----------
    recipe : a name from `shelf` or a path that ends in .yaml or .yml.
    preset : ``"small"``, ``"published"`` ...; a preset the recipe lacks is an error.
    changes : dotted keys and their values, e.g. ``{"optimiser.lr": 1e-3, "temperature": 0.2}``.
    kind : the kind of data it is for; recipes may have other numbers for some kinds.

    Raises
    ------
    RecipeError : no such recipe, or it does not pass the schema.
    """
    path = Path(recipe)
    if path.suffix in {".yaml", ".yml"}:
        if not path.is_file():
            raise RecipeError(f"there is no recipe file at {path}")
        return parse_recipe(_read(path), path.stem.replace("_", "-"), "own", preset, changes, kind, _other)
    known = shelf()
    name = str(recipe).lower().replace("_", "-")
    if name not in known:
        raise RecipeError(f"there is no recipe {str(recipe)!r} (a file of your own must end in .yaml){nearest(name, known)}")
    return parse_recipe(_read(known[name]), name, known[name].parent.name, preset, changes, kind, _other)


def _other(name: str) -> dict[str, Any]:
    """The YAML of a recipe that ships, whose stages another takes."""
    known = shelf()
    if name not in known:
        raise RecipeError(f"there is no recipe {name!r} to take stages from{nearest(name, known)}")
    return _read(known[name])


def presets_of(recipe: str | Path) -> tuple[str, ...]:
    """The names of a recipe's presets."""
    path = Path(recipe)
    if path.suffix not in {".yaml", ".yml"}:
        path = shelf().get(str(recipe).lower().replace("_", "-"), path)
    return tuple(_read(path).get("presets") or ()) if path.is_file() else ()


class _Once(yaml.SafeLoader):
    """Plain data alone, and no key twice: YAML would keep the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping, if all its keys differ."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                where = f"line {node.start_mark.line + 1} begins a mapping that has {key!r} twice; join the two"
                raise yaml.constructor.ConstructorError(problem=where)
        return super().construct_mapping(node, deep)


def _read(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Once)  # noqa: S506 (it is a safe loader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is not readable YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(raw, dict):
        raise RecipeError(f"{path} does not hold a recipe: it needs at least the keys summary and stages")
    return raw
