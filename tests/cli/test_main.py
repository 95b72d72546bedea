"""The command line as a person meets it: real processes, real files, plain errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image


def selflearn(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "selflearn", *map(str, words)], capture_output=True, text=True, cwd=cwd, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def run(few_digits, tmp_path_factory) -> Path:
    """A short run."""
    out = tmp_path_factory.mktemp("runs") / "digits"
    done = selflearn("learn", few_digits, "--budget", "30steps", "--recipe", "simclr", "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "240 samples" in done.stdout
    assert "Verdict:" in done.stdout
    return out


def test_two_processes_learn_together_and_leave_one_run(few_digits, tmp_path):
    out = tmp_path / "run"
    words = ["learn", few_digits, "--budget", "4steps", "--recipe", "simclr", "--set", "batch=64", "--out", out, "--processes", "2"]
    done = selflearn(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Verdict:") == 1
    assert not done.stderr
    last = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()][-1]
    assert (last["step"], last["samples"]) == (4, 256)
    refused = selflearn(*words[:-1], "3", "--overwrite")
    assert refused.returncode == 1
    assert "a batch of 64 cannot be shared by 3 processes" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_help_does_not_load_torch():
    code = (
        "import sys; sys.argv = ['selflearn', '--help']\n"
        "from selflearn.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "learn" in done.stdout


def test_a_run_leaves_every_file(run):
    left = {path.name for path in run.iterdir()}
    assert {
        "config.yaml", "environment.json", "data.json", "metrics.jsonl", "encoder", "embeddings.parquet",
        "scorecard.json", "verdict.json", "report.html",
    } <= left  # fmt: skip
    rows = json.loads((run / "scorecard.json").read_text())["rows"]
    assert {"features", "measure", "value", "low", "high", "n"} <= set(rows[0])
    assert {row["features"] for row in rows} == {"encoder", "raw", "pca", "untrained"}
    assert pq.read_table(run / "embeddings.parquet").num_rows == 240


def test_search_finds_by_file_and_by_id(run, tmp_path):
    from sklearn.datasets import load_digits

    picture = tmp_path / "seven.png"
    Image.fromarray((load_digits().images[7] / 16 * 255).round().astype(np.uint8)).save(picture)
    found = selflearn("search", run, "--like", picture, "-k", 5, "--out", tmp_path / "sheet.png")
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "sheet.png").exists()
    assert selflearn("search", run, "--like", "no-such-thing").returncode == 1


def test_embed_export_report_compare_evaluate(run, tmp_path):
    data = tmp_path / "more.npy"
    np.save(data, np.random.default_rng(0).integers(0, 255, (20, 8, 8), dtype=np.uint8))
    done = selflearn("embed", run, data, "--out", tmp_path / "more.npz")
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "more.npz")["embeddings"].shape[0] == 20
    exported = selflearn("export", run)
    assert exported.returncode == 0, exported.stderr
    assert (run / "encoder.onnx").exists()
    assert selflearn("report", run).returncode == 0
    assert "knn" in selflearn("compare", run, run).stdout
    scored = selflearn("evaluate", run)
    assert scored.returncode == 0, scored.stderr
    assert "knn" in scored.stdout


def test_places_are_scored_by_masks(run, tmp_path):
    side = 8
    masks = np.zeros((240, side, side), dtype=np.uint8)
    masks[:, :, side // 2 :] = 1
    np.save(tmp_path / "masks.npy", masks)
    scored = selflearn("segment", run, tmp_path / "masks.npy")
    assert scored.returncode == 0, scored.stderr
    assert "mean iou" in scored.stdout
    assert selflearn("segment", run, tmp_path / "none.npy").returncode == 1


def test_the_shelves_are_listed():
    assert "barlow-twins" in selflearn("recipes").stdout
    assert "S029" in selflearn("recipes", "barlow-twins").stdout
    listed = selflearn("systems", "--status", "open").stdout
    assert "S001" in listed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["learn", "digits", "--recipe", "simclear"], "simclr"),
        (["learn", "digits", "--budget", "soon"], "90s"),
        (["learn", "digits", "--recipe", "simclr", "--set", "temprature=1"], "temperature"),
        (["learn", "digits", "--set", "temperature"], "key=value"),
        (["learn", "/no/such/folder"], "/no/such/folder"),
        (["embed", "/no/such/run", "x"], "no run"),
        (["learn", "--resume", "/no/such/run"], "no run"),
    ],
)
def test_a_mistake_is_one_clear_message(words, said, tmp_path):
    done = selflearn(*words, cwd=tmp_path)
    assert done.returncode == 1, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "runs").exists()


def test_warnings_of_selflearn_are_told_to_a_person(tmp_path):
    code = """
import sys, warnings
from selflearn.cli import main
from selflearn.data.remote import retry
sys.argv = ["selflearn", "--version"]
try:
    main()
except SystemExit:
    warnings.warn_explicit("the server is away", RuntimeWarning, retry.__file__, 1)
    warnings.warn("other", UserWarning)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stderr.splitlines()[0] == "Note: the server is away"
    assert "UserWarning: other" in done.stderr


def test_a_method_of_ones_own(few_digits, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "guides" / "own-method.md").read_text()
    module, recipe = (block.split("```")[0] for block in (page.split("```python\n")[1], page.split("```yaml\n")[1]))
    (tmp_path / "my_module.py").write_text(module)
    (tmp_path / "my_recipe.yaml").write_text(recipe)
    assert len(module.splitlines()) + len(recipe.splitlines()) <= 40
    done = selflearn("learn", few_digits, "--recipe", "my_recipe.yaml", "--budget", "20steps", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "run" / "report.html").exists()


def test_resuming_takes_no_other_settings(tmp_path):
    done = selflearn("learn", "--resume", tmp_path, "--budget", "9min")
    assert done.returncode == 2
    assert "budget" in done.stderr
