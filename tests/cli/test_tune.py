"""`selflearn tune` from the command line: the ladder is shown, and what cannot be done is one clear message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

QUICK = (
    "--recipes",
    "vicreg,simclr",
    "--candidates",
    "2",
    "--set",
    "batch=16",
    "--set",
    "encoder={name: mlp, width: 16, depth: 1}",
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> Path:
    """A table of 120 rows whose numbers hang together."""
    draws = np.random.default_rng(0)
    values = draws.normal(size=(120, 2)) @ draws.normal(size=(2, 6)) + 0.3 * draws.normal(size=(120, 6))
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_text("\n".join(["a,b,c,d,e,f", *(",".join(f"{value:.3f}" for value in row) for row in values)]))
    return path


def test_the_ladder_is_shown(selflearn, rows, tmp_path):
    done = selflearn("tune", rows, *QUICK, "--budget", "80steps", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    for said in ("2 candidates climb 2 rungs", "(default)", "Dropped", "of 2: score", "chosen", "Verdict:", "report.html"):
        assert said in done.stdout, said
    page = (tmp_path / "run" / "report.html").read_text()
    assert "How it was chosen" in page
    assert "no labels to check" in page
    again = selflearn("tune", "--resume", "run", cwd=tmp_path)
    assert "nothing to resume" in again.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--recipes", "vicrag"), "did you mean 'vicreg'"),
        (("--recipes", "supcon"), "it learns from labels"),
        (("--budget", "30steps"), "the least is 60steps"),
        (("--budget", "soon"), "'soon' is not a budget"),
        (("--keep", "2"), "keep = 2"),
        (("--set", "optimizer.lr=1"), "did you mean 'optimiser'"),
        (("--out", "taken"), "exists and is not a run"),
        (("--kind", "task", "--recipes", "prior-fitted"), "prior"),
    ],
)
def test_what_cannot_be_done_is_one_message(selflearn, rows, tmp_path, words, said):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    done = selflearn("tune", rows, *QUICK, "--budget", "80steps", "--out", "run", *words, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.count("Error:") == 1
    assert said in done.stderr
    assert not (tmp_path / "run").exists()


def test_data_that_no_recipe_fits_is_told(selflearn, tmp_path):
    done = selflearn("tune", "prior:gp", "--budget", "80steps", "--out", "run", cwd=tmp_path)
    assert done.returncode == 1
    assert "no recipe can be tuned on this task data" in done.stderr


def test_wrong_calls_are_told(selflearn, rows, tmp_path):
    both = selflearn("tune", rows, "--resume", "run", cwd=tmp_path)
    other = selflearn("tune", "--resume", "run", "--budget", "1h", cwd=tmp_path)
    missing = selflearn("tune", "--resume", "run", cwd=tmp_path)
    assert (both.returncode, other.returncode, missing.returncode) == (2, 2, 1)
    assert "remove: budget" in other.stderr
    assert "there is no run at run" in missing.stderr
