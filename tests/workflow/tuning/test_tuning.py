"""`tune` leaves a run that `learn` would have made, never sees a label before it has chosen, and goes on after a kill."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from safetensors.torch import load_file

from selflearn import learn, resume
from selflearn.errors import BudgetError, RecipeError, RunError
from selflearn.training import RunFolder, embed
from selflearn.workflow.tuning import bench, resume_tuning, tune

QUICK: dict[str, Any] = {
    "budget": "200steps",
    "candidates": 4,
    "recipes": ("vicreg", "simclr"),
    "device": "cpu",
    "changes": {"batch": 16, "encoder": {"name": "mlp", "width": 16, "depth": 1}, "projector": [16, 16]},
}


def ladder_of(folder: Path) -> dict:
    return json.loads((folder / "ladder.json").read_text())


def timeless(ladder: dict) -> dict:
    """Without what the clock says."""
    for reached in ladder["standings"].values():
        for each in reached:
            each.pop("seconds"), each.pop("scoring")
    return ladder


@pytest.fixture(scope="module")
def tuned(wine, tmp_path_factory):
    return tune(wine, labels="grower", out=tmp_path_factory.mktemp("tuned") / "run", **QUICK)


def test_it_leaves_a_finished_run_and_its_ladder(tuned):
    ladder = ladder_of(tuned.path)
    assert tuned.verdict.reason
    assert tuned.scorecard.find("encoder", "linear"), "the scorecard of the run that is left may use labels"
    assert [rung["climbers"] for rung in ladder["rungs"]] == [4, 2, 1]
    assert len(ladder["dropped"]) == 3
    assert ladder["choice"] not in ladder["dropped"]
    assert {len(reached) for reached in ladder["standings"].values()} == {1, 2}


def test_climbing_goes_on_from_where_it_paused(tuned):
    course = int(ladder_of(tuned.path)["course"].removesuffix("steps"))
    for reached in ladder_of(tuned.path)["standings"].values():
        assert [each["steps"] for each in reached] == [-(-course * share // 4) for share in (1, 2)][: len(reached)]


def test_the_choice_is_checked_against_labels_afterwards(tuned):
    found = ladder_of(tuned.path)["check"]
    assert [rung["n"] for rung in found["rungs"]] == [4, 2]
    assert found["best"] == max(found["rungs"][0]["accuracy"].values())
    assert found["regret"] == pytest.approx(found["best"] - found["choice"], abs=1e-3)
    assert found["default"] is not None


def test_other_labels_change_nothing_but_the_check(tuned, relabelled, tmp_path):
    other = tune(relabelled, labels="grower", out=tmp_path / "run", **QUICK)
    one, two = (timeless(ladder_of(run.path)) for run in (tuned, other))
    assert one.pop("check") != two.pop("check")
    assert one == two
    first, second = (load_file(run.path / "encoder" / "encoder.safetensors") for run in (tuned, other))
    assert all((first[name] == second[name]).all() for name in first)


def test_the_chosen_run_is_what_learn_makes_of_its_settings(tmp_path, wine):
    bare = tmp_path / "wine.csv"  # without its labels, by which `learn` would stratify what it holds out
    bare.write_text("\n".join(line.rsplit(",", 1)[0] for line in wine.read_text().splitlines()))
    run = tune(bare, out=tmp_path / "tuned", **QUICK)
    assert ladder_of(run.path)["check"] is None
    asked = yaml.safe_load((run.path / "config.yaml").read_text())["request"]
    again = learn(
        bare, out=tmp_path / "learned", **{key: asked[key] for key in ("recipe", "preset", "changes", "budget", "device")}
    )
    first, second = (load_file(each.path / "encoder" / "encoder.safetensors") for each in (run, again))
    assert first.keys() == second.keys()
    assert all((first[name] == second[name]).all() for name in first)


def test_killed_in_the_middle_it_ends_with_the_same_ladder(tuned, wine, tmp_path):
    words = ["tune", wine, "--labels", "grower", "--budget", QUICK["budget"], "--candidates", "4", "--recipes", "vicreg,simclr"]
    for key, value in QUICK["changes"].items():
        words += ["--set", f"{key}={json.dumps(value)}"]
    call = [sys.executable, "-m", "selflearn"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    out = tmp_path / "run"
    process = subprocess.Popen(
        [*call, *map(str, words), "--device", "cpu", "--out", str(out)], env=environment, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 120
    while len(list(out.glob("candidates/*/rung-*.json"))) < 5 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)  # until it is in the middle of the second rung
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "verdict.json").exists(), "it ended before it was killed"
    subprocess.run([*call, "tune", "--resume", str(out)], env=environment, check=True, capture_output=True, timeout=300)
    assert timeless(ladder_of(out)) == timeless(ladder_of(tuned.path))
    first, second = (load_file(folder / "encoder" / "encoder.safetensors") for folder in (tuned.path, out))
    assert all((first[name] == second[name]).all() for name in first)
    page = (out / "report.html").read_text()
    assert "How it was chosen" in page
    assert page.count("dropped, number") == 3


def test_a_finished_tuning_is_returned_as_it_is(tuned):
    before = (tuned.path / "verdict.json").stat().st_mtime_ns
    assert resume_tuning(tuned.path).path == tuned.path
    assert (tuned.path / "verdict.json").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"recipes": ["simlcr"]}, RecipeError, "simclr"),
        ({"budget": "10steps"}, BudgetError, "the least is 160steps"),
        ({"candidates": 1}, RecipeError, "candidates"),
        ({"keep": 1.5}, RecipeError, "keep"),
        ({"holdout": 3}, RecipeError, "holdout"),
        ({"recipes": ["vicreg"], "changes": {"optimiser.lr": 0.1, "views.noise": 0.1}}, RecipeError, "only one candidate"),
    ],
)
def test_what_cannot_be_done_is_told_before_a_folder_is_made(wine, tmp_path, asked, error, said):
    with pytest.raises(error, match=said):
        tune(wine, out=tmp_path / "run", **{**QUICK, **asked})
    assert not (tmp_path / "run").exists()


def test_a_place_in_use_is_told_before_the_data_is_read(tuned, tmp_path):
    with pytest.raises(RunError, match="already holds a run"):
        tune(tmp_path / "nothing-here", out=tuned.path, **QUICK)


def test_what_is_no_tuning_is_not_continued(wine, tmp_path):
    run = learn(wine, recipe="vicreg", budget="2steps", device="cpu", out=tmp_path / "run")
    with pytest.raises(RunError, match=r"holds no tuning.*learn --resume"):
        resume_tuning(run.path)


def test_an_interrupted_tuning_is_not_continued_as_a_run(tuned, tmp_path):
    cut = tmp_path / "cut"
    shutil.copytree(tuned.path, cut)
    (cut / "verdict.json").unlink()
    with pytest.raises(RunError, match=r"selflearn tune --resume"):
        resume(cut)


@pytest.mark.parametrize(("weight", "said"), [(0.0, "collapsed"), (float("nan"), "diverged")])
def test_embeddings_that_tell_nothing_apart_are_out(wine, tmp_path, weight, said, monkeypatch):
    def spoilt(encoder, dataset, view, **options):
        return weight * embed(encoder, dataset, view, **options)

    monkeypatch.setattr(bench, "embed", spoilt)
    with pytest.raises(RunError, match=f"every candidate collapsed or diverged .*{said}"):
        tune(wine, out=tmp_path / "run", **{**QUICK, "candidates": 2, "budget": "60steps"})


def test_a_kill_while_the_choice_becomes_a_run_leaves_nothing_half_told(wine, tmp_path, monkeypatch):
    write = RunFolder.write_json

    def killed(self, name, value):
        if name == "data.json" and self.path == tmp_path / "run":
            raise KeyboardInterrupt
        write(self, name, value)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_json", killed)
        with pytest.raises(KeyboardInterrupt):
            tune(wine, out=tmp_path / "run", **QUICK)
    assert resume_tuning(tmp_path / "run").data["samples"] > 0
