"""The catalogue of published systems, and what the evidence says of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from selflearn.errors import RunError, nearest
from selflearn.evidence.results import stored

FILE = Path(__file__).parent / "catalogue.jsonl"
STATUSES = ("holds", "does not hold", "inconclusive", "open", "same as", "not a method")


@dataclass(frozen=True)
class System:
    """A published system in our own words.

    Attributes
    ----------
    kind : method, analysis, application, benchmark, survey or tooling.
    modality : the kinds of data it is about.
    standing : "open" (an experiment can decide it), "same as S..." or "not a method"; the latter two with `why`.
    """

    id: str
    title: str
    short: str
    family: str
    kind: str
    modality: tuple[str, ...]
    words: str
    standing: str
    why: str = ""


@dataclass(frozen=True)
class SystemRow:
    """A system and its verdict.

    Attributes
    ----------
    status : "holds", "does not hold", "inconclusive", "open", "same as S..." or "not a method".
    numbers : what decided it, in one line for each experiment; empty while it is open.
    command : what repeats the experiment; empty while there is none.
    """

    system: System
    status: str
    numbers: str = ""
    command: str = ""

    @property
    def id(self) -> str:
        return self.system.id

    @property
    def title(self) -> str:
        return self.system.title

    @property
    def family(self) -> str:
        return self.system.family

    @property
    def words(self) -> str:
        return self.system.words


@cache
def catalogue() -> dict[str, System]:
    """Every system by id."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return {entry["id"]: System(**{**entry, "modality": tuple(entry["modality"])}) for entry in entries}


def systems(family: str | None = None, kind: str | None = None, status: str | None = None) -> list[SystemRow]:
    """The published systems with their verdicts, in order of id.

    Parameters
    ----------
    family : only this family, e.g. "contrastive".
    kind : only systems for this kind of data, e.g. "image", or of this sort, e.g. "survey".
    status : only these: one of `STATUSES`.

    Raises
    ------
    RunError : no such family, kind or status; the nearest right one is named.
    """
    everything = catalogue().values()
    _known(family, {system.family for system in everything}, "family")
    _known(kind, {name for system in everything for name in (*system.modality, system.kind)}, "kind")
    _known(status, STATUSES, "status")
    about: dict[str, list[dict[str, Any]]] = {}
    for result in stored("full"):
        for system_id in result["systems"]:
            about.setdefault(system_id, []).append(result)
    rows = [_row(system, about.get(system.id, [])) for system in everything]
    return [
        row
        for row in rows
        if family in {None, row.family}
        and (kind is None or kind in (*row.system.modality, row.system.kind))
        and (status is None or row.status.startswith(status))
    ]


def tally(rows: Iterable[SystemRow]) -> dict[str, int]:
    """How many rows have each of `STATUSES`."""
    counts = Counter(next(status for status in STATUSES if row.status.startswith(status)) for row in rows)
    return {status: counts[status] for status in STATUSES}


def _row(system: System, results: list[dict[str, Any]]) -> SystemRow:
    if not results:
        return SystemRow(system, system.standing)
    # several experiments about one system: it holds only where all do
    verdicts = {result["verdict"] for result in results}
    status = next(verdict for verdict in ("does not hold", "inconclusive", "holds") if verdict in verdicts)
    numbers = "; ".join(describe(result) for result in results)
    name = system.id if len(results) == 1 else results[0]["name"]
    return SystemRow(system, status, numbers, f"selflearn evidence run {name} --size full")


def describe(result: dict[str, Any]) -> str:
    """The number that decided a result, in one line."""
    low, high = result["interval"]
    margin = f"margin {result['margin']:g}"
    dirty = ", measured with code that was not committed" if result.get("dirty") else ""
    seeds = f"{len(result['seeds'])} seeds{dirty}"
    return f"{result['decided_by']}: {result['difference']:+.3g} [{low:+.3g}, {high:+.3g}], {margin}, {seeds}"


def _known(name: str | None, known: Collection[str], what: str) -> None:
    if name is not None and name not in known:
        raise RunError(f"there is no {what} {name!r}{nearest(name, known)}; there are: {', '.join(sorted(known))}")
