"""Fully sharded learning ends where data parallel does, holds half of the weights on each of two ranks, shares its checkpoints."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch.distributed as dist

pytestmark = pytest.mark.skipif(not dist.is_available(), reason="torch was built without distributed")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    base = tmp_path_factory.mktemp("sharded")
    script = Path(__file__).parent / "sharded_runs.py"
    done = subprocess.run([sys.executable, str(script), str(base)], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads((base / f"{number}.json").read_text(encoding="utf-8")) for number in range(2)]


@pytest.mark.parametrize("recipe", ["simclr", "simclr in chunks", "simclr of sigma layers", "dino", "swav", "mae", "barlow-twins"])
def test_a_sharded_method_learns_what_a_replicated_one_does(found, recipe):
    for rank in found:
        assert rank[recipe]["apart"] < 1e-4
        assert 0.4 < rank[recipe]["held"] < 0.6


@pytest.mark.parametrize("order", ["ddp, then ddp", "ddp, then fsdp", "fsdp, then ddp", "fsdp, then fsdp"])
def test_a_checkpoint_goes_on_under_any_strategy(found, order):
    assert all(rank[order]["apart"] < 1e-4 for rank in found)
