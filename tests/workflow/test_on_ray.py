"""On a local Ray cluster of two workers: the same embeddings, the same ladder, also where a worker is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from selflearn import learn
from selflearn.errors import DataError, RunError
from selflearn.workflow import embed_in_parts, embed_to_file
from selflearn.workflow.tuning import ray_workers, tune

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'selflearn[ray]'")

TINY = {"batch": 16, "encoder": {"name": "resnet-narrow", "width": 4}, "projector": [8, 8]}
BATCH = 16


@pytest.fixture(scope="module")
def two_workers():
    """A cluster of this machine with two processors, whatever it has."""
    ray.init(num_cpus=2, object_store_memory=80 * 2**20, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """160 scans in folders by digit; one file more is damaged."""
    digits, root = load_digits(), tmp_path_factory.mktemp("pictures")
    for number in range(160):
        place = root / str(digits.target[number])
        place.mkdir(exist_ok=True)
        Image.fromarray((digits.images[number] * 15.9).astype(np.uint8)).save(place / f"{number:03}.png")
    (root / "9" / "damaged.png").write_bytes(b"no picture")
    return root


@pytest.fixture(scope="module")
def run(pictures, tmp_path_factory):
    return learn(
        pictures, recipe="vicreg", changes=TINY, budget="2steps", device="cpu", out=tmp_path_factory.mktemp("learned") / "run"
    )


@pytest.fixture(scope="module")
def local(run, pictures, tmp_path_factory):
    out = tmp_path_factory.mktemp("local") / "local.parquet"
    embed_to_file(run, pictures, out, batch=BATCH, device="cpu")
    return pq.read_table(out)


def kill_once(victim: str, when) -> threading.Thread:
    """Meanwhile: as soon as `when()`, one of Ray's workers whose title holds `victim` is killed."""

    def watch() -> None:
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            found = [pid for pid in workers(victim) if when()]
            if found:
                os.kill(found[0], signal.SIGKILL)
                killed.append(found[0])
                return
            time.sleep(0.005)

    killed: list[int] = []
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.killed = killed
    watcher.start()
    return watcher


def workers(victim: str) -> list[int]:
    """Processes of this cluster's workers, by the title that Ray gives them."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            title = (entry / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if title.startswith("ray::") and victim in title:
            found.append(int(entry.name))
    return found


def same(parts: Path, local) -> None:
    """Order, ids and every bit."""
    found = pq.read_table(parts)
    assert found["id"].to_pylist() == local["id"].to_pylist()
    one, other = (np.stack(table["embedding"].to_numpy(zero_copy_only=False)) for table in (found, local))
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_parts_hold_what_one_process_writes_though_a_worker_is_killed(two_workers, run, pictures, local, tmp_path):
    out = tmp_path / "parts.parquet"
    killer = kill_once("MapWorker", lambda: len(list(out.glob("part-*"))) >= 2)
    assert embed_in_parts(run, pictures, out, batch=BATCH, device="cpu") == (160, run.encoder.dim)
    assert killer.killed, "nothing was killed"
    same(out, local)
    totals = json.loads((out / "_selflearn.json").read_text())
    assert totals["skipped"] == 1
    assert totals["first_skipped"][0]["what"] == "9/damaged.png"
    only_what_is_missing_is_made(run, pictures, local, out)


def only_what_is_missing_is_made(run, pictures, local, out: Path) -> None:
    """As after a kill of everything: one part is not there, another was half written."""
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("part-*")}
    lost = sorted(before)[3]
    (out / lost).unlink()
    (out / f".{sorted(before)[4]}.writing-1").write_bytes(b"half")
    embed_in_parts(run, pictures, out, batch=BATCH, device="cpu")
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert {name for name in before if after[name] != before[name]} == {lost}
    assert not list(out.glob(".*"))
    same(out, local)


def test_a_ladder_on_a_cluster_is_that_of_one_process_though_a_worker_is_killed(two_workers, pictures, tmp_path):
    asked = {"budget": "200steps", "candidates": 3, "recipes": ("vicreg", "simclr"), "device": "cpu", "changes": TINY}
    alone = tune(pictures, out=tmp_path / "alone", **asked)
    killer = kill_once("climb_there", lambda: len(list(tmp_path.glob("spread/candidates/*/metrics.jsonl"))) >= 2)
    spread = tune(pictures, out=tmp_path / "spread", workers=ray_workers("auto"), **asked)
    assert killer.killed, "nothing was killed"
    one, two = (json.loads((found.path / "ladder.json").read_text()) for found in (alone, spread))
    assert one["choice"] == two["choice"]
    assert list(one["dropped"]) == list(two["dropped"])
    for first, second in zip(one["scores"], two["scores"], strict=True):
        assert second == pytest.approx(first, rel=1e-4)


def test_what_cannot_be_spread_is_told(run, pictures, tmp_path):
    with pytest.raises(DataError, match="no folder of image files"):
        embed_in_parts(run, pictures / "0" / "000.png", tmp_path / "out")
    (tmp_path / "file.parquet").write_bytes(b"")
    with pytest.raises(RunError, match="is a file"):
        embed_in_parts(run, pictures, tmp_path / "file.parquet")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(RunError, match=r"other files \(notes.txt\)"):
        embed_in_parts(run, pictures, tmp_path / "other")
    if not ray.is_initialized():
        with pytest.raises(RunError, match="no Ray cluster answers at 127.0.0.1:1"):
            embed_in_parts(run, pictures, tmp_path / "out", address="127.0.0.1:1")
        with pytest.raises(RunError, match="is no address"):
            embed_in_parts(run, pictures, tmp_path / "out", address="somewhere")
