"""The page of measurements says what is kept, what is not measured yet, and leaves no command out."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = runpy.run_path(str(ROOT / "benchmarks" / "page.py"))
RECORD = {
    "command": "python -m benchmarks.demo --seconds 60",
    "commit": "abc1234",
    "date": "2026-01-02",
    "machine": {"processor": "A Processor", "threads": 2, "libraries": {"torch": "2.4.0"}},
    "figures": {
        "verdict": "learned",
        "points_above_raw_and_pca": 9.5,
        "encoder": {"value": 0.71, "draws": 50},
        "verdicts": ["collapsed"] * 19 + ["diverged"],
        "alarms": [],
        "rounds": [{"selflearn": 10.0}, {"selflearn": 11.0}],
        "reasons": {"simclr": ["learned", "a long sentence"]},
    },
}


def test_what_is_not_measured_says_so(tmp_path):
    page = PAGE["render"](tmp_path)
    assert page.count("No result is kept yet.") == len(PAGE["SECTIONS"])


def test_a_result_is_shown_with_command_commit_and_machine(tmp_path):
    (tmp_path / "demo.json").write_text(json.dumps(RECORD))
    page = PAGE["render"](tmp_path)
    for row in (
        "| points above raw and pca | 9.5 |", "| encoder: value | 0.71 |", "| verdicts | 19 × collapsed, 1 × diverged |",
        "| alarms | none |", "| rounds 2: selflearn | 11.0 |",
    ):  # fmt: skip
        assert row in page
    assert "a long sentence" not in page
    assert "`python -m benchmarks.demo --seconds 60`, commit abc1234, 2026-01-02, A Processor, 2 threads, torch 2.4.0" in page


def test_every_command_and_every_result_has_its_section():
    helpers = {"__init__", "common", "graph_folds", "kinds", "matrix", "page"}
    commands = {path.stem for path in (ROOT / "benchmarks").glob("*.py")} - helpers
    assert {section.module for section in PAGE["SECTIONS"]} == commands
    kept = {path.name for path in PAGE["RESULTS"].glob("*.json")}
    shown = {path.name for section in PAGE["SECTIONS"] for path in PAGE["RESULTS"].glob(section.results)}
    assert shown == kept


@pytest.mark.parametrize("section", PAGE["SECTIONS"], ids=lambda section: section.module)
def test_options_named_are_options_of_the_command(section):
    source = (ROOT / "benchmarks" / f"{section.module}.py").read_text()
    for word in section.command.split():
        assert not word.startswith("--") or f'"{word}"' in source


def test_the_page_shows_what_is_kept():
    assert PAGE["PAGE"].read_text() == PAGE["render"](), "python -m benchmarks.page writes the page again"
