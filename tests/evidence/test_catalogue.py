"""Every published system has an honest entry, and its verdict is that of the stored results."""

import json
from collections import Counter
from pathlib import Path

import pytest

from selflearn.errors import RunError
from selflearn.evidence import catalogue as room
from selflearn.evidence import systems, write_page
from selflearn.evidence.catalogue import catalogue, describe, tally
from selflearn.evidence.page import render

PAGE = Path(__file__).parents[2] / "docs" / "systems.md"


def test_442_systems_each_once():
    ids = [row.id for row in systems()]
    assert len(ids) == 442
    assert ids == sorted(set(ids))
    assert not {"S071", "S266"} & set(ids)


def test_every_entry_says_what_it_is():
    for system in catalogue().values():
        assert system.title
        assert len(system.words.split()) >= 10
        assert system.family
        if system.standing != "open":
            assert system.why, f"{system.id} is {system.standing} without a reason"


def test_an_entry_that_is_the_same_as_another_names_one_that_is_not():
    for system in catalogue().values():
        if system.standing.startswith("same as "):
            assert not catalogue()[system.standing.removeprefix("same as ")].standing.startswith("same as")


def test_filters_and_their_misspellings():
    assert {row.family for row in systems(family="contrastive")} == {"contrastive"}
    assert "S029" in {row.id for row in systems(kind="image")}
    assert all(row.status.startswith("same as S") for row in systems(status="same as"))
    for wrong in ({"family": "contrastiv"}, {"kind": "imag"}, {"status": "hold"}):
        with pytest.raises(RunError, match="did you mean"):
            systems(**wrong)


def result(name, verdict, system="S029"):
    return {
        "name": name,
        "systems": [system],
        "verdict": verdict,
        "decided_by": "barlow-twins minus pca, 16 labels a class",
        "difference": 0.04321,
        "interval": [0.031, 0.05],
        "margin": 0.02,
        "seeds": [10, 11, 12, 13, 14],
    }


def test_a_system_holds_only_where_all_its_experiments_do(monkeypatch):
    def status(*results):
        monkeypatch.setattr(room, "stored", lambda size: list(results))
        return next(row for row in systems() if row.id == "S029")

    assert status().status == "open"
    one = status(result("a", "holds"))
    assert (one.status, one.command) == ("holds", "selflearn evidence run S029 --size full")
    assert "+0.0432 [+0.031, +0.05], margin 0.02, 5 seeds" in one.numbers
    two = status(result("a", "holds"), result("b", "inconclusive"))
    assert two.status == "inconclusive"
    assert "run a" in two.command
    assert status(result("a", "holds"), result("b", "does not hold")).status == "does not hold"


def test_tally_counts_every_row_once():
    assert sum(tally(systems()).values()) == 442


def test_description_is_one_line():
    assert "\n" not in describe(result("a", "holds"))


def test_the_page_lists_all_and_counts_what_is_decided(monkeypatch):
    monkeypatch.setattr(
        room,
        "stored",
        lambda size: [result("a", "holds"), result("b", "does not hold", "S070"), result("c", "inconclusive", "S346")],
    )
    page = render(systems())
    assert "2 of the 424 that can be, 0.5%" in page
    anchors = Counter(line.split('"')[1] for line in page.splitlines() if line.startswith('| <span id="'))
    assert len(anchors) == 442
    assert set(anchors.values()) == {1}


def test_a_cell_cannot_break_the_table(monkeypatch):
    odd = json.loads(json.dumps({"words": "a | b\nc <script> $x$ *y*"}))
    row = next(row for row in systems() if row.id == "S001")
    row = type(row)(type(row.system)(**{**row.system.__dict__, **odd}), row.status)
    line = next(line for line in render([row]).splitlines() if "**S001**" in line)
    assert "a \\| b c &lt;script>" in line


@pytest.mark.skipif(not PAGE.exists(), reason="the docs are not part of this installation")
def test_the_committed_page_is_what_is_generated(tmp_path):
    write_page(tmp_path / "systems.md")
    assert (tmp_path / "systems.md").read_text() == PAGE.read_text(), "run: python -m selflearn.evidence.page"
