"""Results: JSON files in the repository, sealed, one an experiment and size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from selflearn.errors import RunError
from selflearn.evidence.seal import check_seal, seal

FOLDER = Path(__file__).parent / "results"


def result_file(name: str, size: str, folder: Path | None = None) -> Path:
    """Where a result lies: ``<name>.json`` for a full run, ``<name>.quick.json`` for a quick one."""
    return (folder or FOLDER) / (f"{name}.json" if size == "full" else f"{name}.{size}.json")


def write_result(result: dict[str, Any], folder: Path | None = None) -> Path:
    """Seal a result and write it, whole or not at all.

    A result of an earlier, different statement is not forgotten: its verdict is carried on under `earlier`.
    """
    file = result_file(result["name"], result["size"], folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    result = {**result, "earlier": _earlier(file, result)}
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps(seal(result), indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    beside.replace(file)
    return file


def read_result(file: Path) -> dict[str, Any]:
    """A stored result.

    Raises
    ------
    RunError : it is not a result, or was changed after it was sealed.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{file} is not a result: {error}") from error
    if not isinstance(content, dict):
        raise RunError(f"{file} is not a result")
    check_seal(content, str(file))
    return content


def files(folder: Path | None = None) -> list[Path]:
    """Every stored result's file."""
    return sorted((folder or FOLDER).glob("*.json"))


def stored(size: str = "full", folder: Path | None = None) -> list[dict[str, Any]]:
    """Every stored result of a size, seals checked, in order of name."""
    results = [read_result(file) for file in files(folder)]
    return [result for result in results if result["size"] == size]


def _earlier(file: Path, result: dict[str, Any]) -> list[dict[str, Any]]:
    if not file.exists():
        return []
    old = read_result(file)
    if old["statement"]["hash"] == result["statement"]["hash"]:
        return list(old["earlier"])
    keys = ("verdict", "difference", "interval", "margin", "commit", "date")
    return [*old["earlier"], {"statement": old["statement"]["hash"], **{key: old[key] for key in keys}}]
