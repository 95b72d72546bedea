"""Checking what is stored: seals, statements, commits, and that each verdict follows from its own numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from selflearn.errors import SelflearnError
from selflearn.evidence.catalogue import catalogue
from selflearn.evidence.decision import conclude, decide
from selflearn.evidence.provenance import text_at
from selflearn.evidence.registry import stated
from selflearn.evidence.results import files, read_result
from selflearn.evidence.statement import Experiment


def check_results(folder: Path | None = None) -> list[tuple[str, str]]:
    """(file name, trouble) of each stored result; the trouble is empty where there is none."""
    return [(file.name, trouble(file)) for file in files(folder)]


def trouble(file: Path) -> str:
    """What is wrong with a stored result: the first thing, in words; empty if nothing is."""
    try:
        result = read_result(file)
    except SelflearnError as error:
        return str(error)
    known = stated().get(result["name"])
    if known is None:
        return f"no experiment is called {result['name']!r} any more"
    if known.experiment.fingerprint() != result["statement"]["hash"]:
        return "its statement has changed since it was measured: run it again"
    strange = [system for system in result["systems"] if system not in catalogue()]
    if strange:
        return f"the catalogue has no {', '.join(strange)}"
    text = text_at(result["commit"], f"evidence/experiments/{result['statement']['file']}") if result["commit"] else None
    if text is not None and f'"{result["name"]}"' not in text:
        return f"its statement was not in {result['statement']['file']} at the commit it names, {result['commit'][:12]}"
    return _wrong_verdict(result, known.experiment)


def _wrong_verdict(result: dict[str, Any], experiment: Experiment) -> str:
    decisions = []
    for contrast in experiment.contrasts:
        rows = [{name: arm["scores"][str(seed)] for name, arm in result["arms"].items()} for seed in result["seeds"]]
        decisions.append(decide(contrast.what, contrast.margin, [contrast.difference(row) for row in rows]))
    verdict, decider = conclude(decisions)
    if verdict != result["verdict"] or abs(decider.mean - result["difference"]) > 1e-5:
        return f"its own numbers give {verdict!r} ({decider.mean:+.4f}), not {result['verdict']!r} ({result['difference']:+.4f})"
    return ""
