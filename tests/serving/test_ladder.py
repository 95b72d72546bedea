"""The ladder as a section of a report: everybody is told, with what became of them, and what labels say afterwards."""

from __future__ import annotations

from selflearn.serving import ReportContents
from selflearn.serving.ladder import climbed
from selflearn.serving.report import render_report
from selflearn.workflow.tuning.ladder import Ladder
from selflearn.workflow.tuning.rungs import rungs
from selflearn.workflow.tuning.space import Candidate
from selflearn.workflow.tuning.standing import Standing

NAMES = ("00-swav", "01-simclr", "02-byol", "03-<b>own</b>")


def ladder(check=None) -> Ladder:
    found = Ladder("1h", "24min", [Candidate(name, name[3:], "small", "own", 0.002) for name in NAMES], rungs(4), check=check)
    alarm = {"kind": "collapsed", "reason": "all samples are encoded alike", "remedy": ""}
    for number, each in enumerate(found.candidates):
        failed = each.name == "02-byol"
        found.stand(each, 0, Standing({} if failed else {"lidar": 10.0 + number}, alarm if failed else None, 10, 160, 1.0, 0.1))
    found.settle(0)
    for number, each in enumerate(found.climbing):
        found.stand(each, 1, Standing({"lidar": 20.0 + number}, None, 20, 320, 2.0, 0.1))
    found.settle(1)
    return found


def test_the_chosen_one_comes_first_and_everybody_is_told():
    section = climbed(ladder().to_json())
    rows = section["rows"]
    assert len(rows) == 4
    assert rows[0]["style"] == "chosen"
    assert rows[0]["title"].startswith("<b>own</b>")
    assert "chosen after 20 updates" in rows[0]["end"]
    assert any("collapsed: all samples are encoded alike" in row["end"] for row in rows)
    assert [cell["percent"] for cell in rows[0]["cells"]] == [100, 100]
    assert section["check"] == ["There are no labels to check the choice against."]


def test_the_check_is_told_in_numbers():
    accuracy = {"00-swav": 0.9, "01-simclr": 0.95, "03-<b>own</b>": 0.93}
    check = {
        "rungs": [
            {"accuracy": accuracy, "spearman": 0.5, "n": 3},
            {"accuracy": dict(list(accuracy.items())[1:]), "spearman": None, "n": 2},
        ],
        "choice": 0.93,
        "default": 0.9,
        "best": 0.95,
        "regret": 0.02,
    }
    section = climbed(ladder(check).to_json())
    told = " ".join(section["check"])
    for said in ("choice 93.0 %", "default recipe 90.0 %", "best candidate 95.0 %", "2.0 points are missed", "0.50 over n = 3"):
        assert said in told
    assert "Rung 2" not in told, "two candidates have no rank correlation"
    assert section["rows"][0]["cells"][0]["note"] == "probe 93.0 %, unseen"


def test_a_page_shows_it_whole_and_escaped():
    page = render_report(ReportContents("t", {"kind": "learned", "reason": "", "remedy": ""}, ladder=ladder().to_json()))
    assert "How it was chosen" in page
    assert "&lt;b&gt;own" in page
    assert 'href="#ladder"' in page


def test_a_run_that_was_not_tuned_has_no_such_section():
    assert climbed(None) is None
    assert "How it was chosen" not in render_report(ReportContents("t", {"kind": "learned", "reason": "", "remedy": ""}))
