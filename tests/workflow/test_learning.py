"""`learn` judges honestly, holds out what it says, and continues after a kill as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import fsspec
import numpy as np
import pytest
from safetensors.torch import load_file

from selflearn import learn, load, resume
from selflearn.data import read
from selflearn.errors import DataError, RecipeError, RunError
from selflearn.workflow import Reporter, evaluate, measuring
from selflearn.workflow.learning import read_data
from selflearn.workflow.measuring import divide
from selflearn.workflow.request import Request


class Heard(Reporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


def test_a_run_says_what_it_found_and_why_it_chose(few_digits, tmp_path):
    heard = Heard()
    run = learn(few_digits, budget="10steps", out=tmp_path / "run", reporter=heard)
    told = " ".join(heard.lines)
    assert "240 samples" in told
    assert "Recipe" in told
    assert "held out" in told
    assert run.verdict.reason
    for baseline in ("raw", "pca", "untrained"):
        assert run.scorecard.find(baseline, "self retrieval"), "without labels a verdict needs its dull baselines, too"


def test_groups_are_never_cut_and_held_out_is_held_out(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (120, 8, 8), dtype=np.uint8)
    groups = np.repeat(np.arange(12), 10)
    dataset = read(images, labels=np.arange(120) % 3, groups=groups, cache=False)
    parts = divide(dataset, 0.25, seed=0)
    assert not set(groups[parts.learn]) & set(groups[parts.held_out])
    run = learn(images, labels=np.arange(120) % 3, groups=groups, budget="2steps", out=tmp_path / "run", holdout=0.25)
    ids, vectors, _, learned = run.embeddings()
    assert len(ids) == len(vectors) == 120
    assert set(np.flatnonzero(~learned)) == set(divide(dataset, 0.25, seed=0).held_out)


def test_a_run_of_arrays_asks_for_them_again(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (64, 8, 8), dtype=np.uint8)
    run = learn(images, budget="2steps", out=tmp_path / "run")
    (run.path / "verdict.json").unlink()
    with pytest.raises(RunError, match="source"):
        resume(run.path)
    changed = images.copy()
    changed[0] = 0
    with pytest.raises(RunError, match="changed"):
        resume(run.path, source=changed)


def test_a_run_of_other_groups_is_not_continued(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (64, 8, 8), dtype=np.uint8)
    labels, groups = np.arange(64) % 2, np.arange(64) // 4
    run = learn(images, labels=labels, groups=groups, budget="2steps", out=tmp_path / "run")
    (run.path / "verdict.json").unlink()
    with pytest.raises(RunError, match="groups"):
        resume(run.path, source=images, labels=labels)
    assert resume(run.path, source=images, labels=labels, groups=groups).verdict.reason


def test_a_run_of_files_is_continued_with_its_groups_from_any_folder(tmp_path, monkeypatch):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(tmp_path)
    np.save("images.npy", np.random.default_rng(0).integers(0, 255, (64, 8, 8), dtype=np.uint8))
    lines = [f"{number},{number % 2},{number // 4}" for number in range(64)]
    (tmp_path / "labels.csv").write_text("\n".join(["id,label", *(line.rsplit(",", 1)[0] for line in lines)]))
    (tmp_path / "groups.csv").write_text("\n".join(["id,none,group", *lines]))
    run = learn("images.npy", labels="labels.csv", groups="groups.csv", budget="2steps", out="run").path.absolute()
    held_out = load(run).embeddings()[3]
    monkeypatch.chdir(elsewhere)
    (run / "verdict.json").unlink()
    assert np.array_equal(resume(run).embeddings()[3], held_out)
    assert evaluate(load(run))[0].find("encoder", "knn")


def test_labels_that_taught_an_encoder_do_not_measure_it(tmp_path):
    images, labels = np.random.default_rng(0).integers(0, 255, (64, 8, 8), dtype=np.uint8), np.arange(64) % 2
    run = learn(images, labels=labels, recipe="supcon", budget="1steps", holdout=0, out=tmp_path / "run")
    assert run.scorecard.find("encoder", "knn") is None
    assert any("these very labels" in note for note in run.scorecard.notes)
    plain = learn(images, labels=labels, recipe="simclr", budget="1steps", holdout=0, out=tmp_path / "plain")
    assert plain.scorecard.find("encoder", "knn")


def test_labels_that_come_later_do_not_move_what_was_held_out(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 255, (80, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    run = learn(tmp_path / "images.npy", budget="2steps", out=tmp_path / "run")
    learned = run.embeddings()[3]
    seen = []
    whole = measuring.measure
    monkeypatch.setattr(
        "selflearn.workflow.using.measure",
        lambda dataset, parts, *rest, **named: seen.append(parts) or whole(dataset, parts, *rest, **named),
    )
    card, _ = evaluate(run, labels=np.arange(80) % 2)
    assert np.array_equal(seen[0].learn, np.flatnonzero(learned))
    assert card.find("encoder", "knn") is not None


def test_where_labels_are_few_each_one_is_measured(monkeypatch, tmp_path):
    monkeypatch.setattr(measuring, "BANK", 40)
    monkeypatch.setattr(measuring, "TEST", 10)
    images = np.random.default_rng(0).integers(0, 255, (200, 8, 8), dtype=np.uint8)
    labels = np.where(np.arange(200) < 40, np.arange(200) % 2, -1)
    run = learn(images, labels=labels, budget="2steps", out=tmp_path / "run")
    assert run.scorecard.find("encoder", "knn").n == 8  # a bundle a labelled sample of the held-out part
    assert any("of 200" in note for note in run.scorecard.notes)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"holdout": 2.0}, "holdout"),
        ({"seed": -1}, "seed"),
        ({"precision": "half"}, "bf16"),
        ({"device": "gpu"}, "device"),
        ({"buget": "1steps"}, "budget"),
        ({"recipe": "mae", "changes": {"encoder": "resnet18"}}, "tokens"),
        ({"recipe": "simclr", "changes": {"views.strenght": 1}}, "strength"),
        ({"recipe": "swav", "changes": {"prototypes": 3000}}, "prototypes"),
    ],
)
def test_what_cannot_be_done_is_told_before_a_folder_is_made(asked, said, few_digits, tmp_path):
    with pytest.raises(RecipeError, match=said):
        learn(few_digits, out=tmp_path / "run", **{"budget": "1steps", **asked})
    assert not (tmp_path / "run").exists()


def test_a_place_that_holds_a_run_is_not_overwritten(few_digits, tmp_path):
    learn(few_digits, budget="1steps", out=tmp_path / "run")
    heard = Heard()
    with pytest.raises(RunError, match="already holds a run"):
        learn(few_digits, budget="1steps", out=tmp_path / "run", reporter=heard)
    assert heard.lines == [], "data that may take an hour to read is not read before"


def test_other_kinds_of_data_are_refused_by_an_encoder(few_digits, tmp_path):
    run = learn(few_digits, budget="1steps", out=tmp_path / "run")
    with pytest.raises(DataError):
        load(run.path).embed(np.zeros((20, 3)))


def test_a_run_killed_at_random_ends_with_the_same_weights(few_digits, tmp_path):
    """kill -9 in the middle, twice, then resume: bit for bit the weights of a run that never stopped."""
    words = [sys.executable, "-m", "selflearn", "learn", str(few_digits), "--recipe", "byol", "--budget", "150steps", "--seed", "3"]
    quick = ["--set", "checkpoint_every=0.2", "--set", "batch=64"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run([*words, *quick, "--out", str(whole)], check=True, env=environment, capture_output=True)
    process = subprocess.Popen([*words, *quick, "--out", str(cut)], env=environment, stdout=subprocess.DEVNULL)
    draw = random.Random(0)
    for attempt in range(2):
        deadline = time.monotonic() + 120
        before = _steps(cut)
        while _steps(cut) < before + 30 * (attempt == 0) + 10 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02 + 0.05 * draw.random())
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (cut / "verdict.json").exists(), "the run ended before it was killed"
        process = subprocess.Popen(
            [sys.executable, "-m", "selflearn", "learn", "--resume", str(cut)], env=environment, stdout=subprocess.DEVNULL
        )
    assert process.wait(timeout=300) in {0, 3}
    first, second = (load_file(folder / "encoder" / "encoder.safetensors") for folder in (whole, cut))
    assert first.keys() == second.keys()
    assert all((first[name] == second[name]).all() for name in first)


def _steps(folder) -> int:
    """How many lines of metrics a run has written."""
    try:
        return 10 * len((folder / "metrics.jsonl").read_text().splitlines())
    except OSError:
        return 0


def test_devices_that_recorded_together_are_learned_from_and_judged(tmp_path):
    worn = np.random.default_rng(0).normal(size=(80, 6, 32)).cumsum(axis=2)
    run = learn(worn, kind="series", read={"devices": 2}, recipe="collossl", preset="small", budget="2steps", out=tmp_path / "run")
    assert run.scorecard.find("encoder", "alignment")
    assert not run.scorecard.find("raw", "alignment"), "one device has other channels than all of them"


def test_that_remote_data_was_copied_is_told(tmp_path, monkeypatch):
    class Warned(Heard):
        warn = Heard.say

    rows = "".join(f"{row * row % 23},{row * 7 % 17}\n" for row in range(60))
    fsspec.filesystem("memory").pipe({"/told/t.csv": f"x,y\n{rows}".encode()})
    monkeypatch.setenv("SELFLEARN_CACHE", str(tmp_path))
    heard, source = Warned(), "memory://told/t.csv"
    read_data(source, None, None, Request.of(source=source), heard)
    assert any("t.csv was copied to the cache" in line for line in heard.lines)
