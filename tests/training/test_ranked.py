"""Two real processes learn one model: alike at every end, resumed bit for bit, and clear about what went wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch.distributed as dist

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(not dist.is_available(), reason="torch was built without distributed")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    done = subprocess.run(
        [sys.executable, str(HERE / "ranked_runs.py"), str(tmp_path_factory.mktemp("ranks"))],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_both_ranks_end_with_the_same_weights(found):
    assert found["whole"][0] == found["whole"][1]
    assert len(found["whole"][0]) == 64


def test_both_ranks_replace_the_same_units(found):
    first, second = found["replaced"]
    assert first == second != found["whole"][0]
    assert len(first) == 64


@pytest.mark.parametrize("who", ["follower", "leader", "both"])
def test_killed_ranks_resume_to_the_weights_of_a_run_that_never_stopped(found, who):
    killed = found[f"{who} killed"]
    assert "" in killed
    for told in killed:
        assert not told or "has lost the others" in told
    assert found[f"{who} resumed"] == found["whole"]


def test_a_signal_to_one_stops_all_and_nothing_is_lost(found):
    assert found["asked to stop"] == ["SystemExit", "SystemExit"]
    assert found["stopped resumed"] == found["whole"]


def test_a_budget_of_time_ends_for_all_at_the_same_update(found):
    first, second = found["by time"]
    assert first == second
    assert len(first) == 64


def test_what_does_not_fit_together_is_told_on_every_rank(found):
    assert all("a batch of 15 cannot be shared by 2 processes" in told and "--set batch=16" in told for told in found["odd batch"])
    assert all("process 1 has other data than process 0 (green, not blue)" in told for told in found["unlike data"])
