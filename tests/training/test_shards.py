"""Learning from shards in a bucket: killed at any moment, with a server that comes and goes, it ends with the same weights."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

HERE = Path(__file__).parent
SERVER = HERE.parent / "data" / "remote" / "s3_server.py"
SHARDS, PICTURES = 12, 8
RESTARTS = 2


def fill(bucket: Path) -> None:
    bucket.mkdir(parents=True)
    for shard in range(SHARDS):
        with tarfile.open(bucket / f"train-{shard:03d}.tar", "w") as archive:
            for number in range(shard * PICTURES, (shard + 1) * PICTURES):
                noise = np.random.default_rng(number).integers(0, 256, (12, 12, 3), dtype=np.uint8)
                file = io.BytesIO()
                Image.fromarray(noise).save(file, "PNG")
                info = tarfile.TarInfo(f"{number:03d}.png")
                info.size = len(file.getvalue())
                archive.addfile(info, io.BytesIO(file.getvalue()))


class ComesAndGoes(threading.Thread):
    """A server that is killed and started again, some times."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.port, self.ended, self.restarts = folder, 0, threading.Event(), 0
        self.process = self._begin()

    def _begin(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(SERVER), str(self.port), str(self.folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        self.port = int(process.stdout.readline())
        return process

    def run(self) -> None:
        while self.restarts < RESTARTS and not self.ended.wait(4.0):
            self.process.kill()
            self.process.wait()
            if self.ended.wait(0.5):
                return
            self.process = self._begin()
            self.restarts += 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its runs")
@pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("moto", "s3fs"))), reason="moto[server] and selflearn[remote] are not installed"
)
def test_killed_runs_on_a_bucket_end_as_one_that_never_stopped(tmp_path: Path) -> None:
    fill(tmp_path / "s3" / "pictures")
    server = ComesAndGoes(tmp_path / "s3")
    server.start()
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        done = subprocess.run(
            [sys.executable, str(HERE / "shard_runs.py"), str(tmp_path), "s3://pictures/"],
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
            env=environment,
        )
    finally:
        server.ended.set()
        server.join()
        server.process.kill()
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["kills"] >= 1
    assert server.restarts >= 1
    assert result["killed"][0] == result["whole"][0]
    assert result["killed"][2] == result["whole"][2] == 40
