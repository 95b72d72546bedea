"""A prior is learned by the same door as any data: run folder, scorecard, verdict, report; and scored again, the same."""

from __future__ import annotations

import pytest

from selflearn.data.tasks import GaussianProcess
from selflearn.errors import DataError
from selflearn.serving import report_run
from selflearn.workflow import Run, evaluate, learn, load

SMALL = {"encoder": {"width": 32, "depth": 2}, "batch": 32}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    read = {"points": 16, "length": [0.4, 0.4], "bars": 30, "tasks": 20_000}
    out = tmp_path_factory.mktemp("runs") / "gp"
    return learn("prior:gp", out=out, budget="120steps", read=read, changes=SMALL, device="cpu", precision="32")


def test_the_scorecard_is_of_answers(run: Run) -> None:
    card = run.scorecard
    assert card.names() == ["encoder", "untrained", "mean and variance", "exact"]
    assert card.value("mean and variance", "log likelihood") < card.value("encoder", "log likelihood")
    assert card.value("encoder", "log likelihood") < card.value("exact", "log likelihood")
    assert run.verdict.kind == "learned"
    assert "% of the way to it" in run.verdict.reason


def test_the_report_shows_it(run: Run) -> None:
    page = report_run(run).read_text(encoding="utf-8")
    assert "Mean and variance" in page
    assert "Log likelihood" in page


def test_it_is_scored_again_as_before(run: Run) -> None:
    card, verdict = evaluate(load(run.path), device="cpu")
    assert card.value("encoder", "log likelihood") == pytest.approx(run.scorecard.value("encoder", "log likelihood"))
    assert verdict.kind == run.verdict.kind


def test_an_object_is_a_source_too(tmp_path) -> None:
    prior = GaussianProcess(points=8, length=(0.5, 0.5))
    run = learn(prior, out=tmp_path / "own", budget="3steps", changes=SMALL, device="cpu", precision="32", read={"tasks": 500})
    assert run.data["spec"]["prior"]["length"] == [0.5, 0.5]
    with pytest.raises(DataError, match="say what to evaluate on"):
        evaluate(run)
