"""Killed at any moment, a resumed run ends with the same weights, bit for bit, as one that never stopped."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize("precision", ["32", "bf16", "32 stable"])
def test_killed_runs_end_as_one_that_never_stopped(tmp_path, precision):
    done = subprocess.run(
        [sys.executable, str(HERE / "killed_runs.py"), str(tmp_path), precision],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["kills"] >= 1
    assert all(end == result["whole"] for end in result["ends"].values())
    for steps in result["steps"].values():
        assert steps == sorted(set(steps)), "a step stands twice in the metrics"
        assert steps[-1] == 240
    assert set(range(1, 240, 10)) <= set(result["steps"]["random"])
