"""Pictures a second, decoded for each batch, from a folder of JPEG files, tars, Parquet, and a bucket on loopback: in one run.

python -m benchmarks.shards --pictures 10000 --side 128       (needs selflearn[remote] and moto[server])

Each way is a process of its own. It reads twice (the second time with the index that the first one kept), then takes one epoch of
batches of 256 as training does, with one worker process. Memory is the peak of the reading process and that of its worker.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from benchmarks.common import keep
from selflearn.data import read
from selflearn.data.images.pack import pack
from selflearn.training.loading import batches

BATCH = 256
SERVER = Path(__file__).parent.parent / "tests" / "data" / "remote" / "s3_server.py"


def make(root: Path, count: int, side: int, shard: int) -> None:
    """The same pictures as a folder, as tars and as Parquet, the last two also as a bucket."""
    generator = np.random.default_rng(0)
    (root / "folder").mkdir(parents=True)
    for number in range(count):
        coarse = generator.integers(0, 256, (side // 8, side // 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(
            root / "folder" / f"{number:06d}.jpg", quality=90
        )
    pack(root / "folder", root / "s3" / "pictures" / "tars", shard)
    (root / "s3" / "pictures" / "parquet").mkdir()
    paths = sorted((root / "folder").iterdir())
    for first in range(0, count, 2000):
        rows = [{"bytes": path.read_bytes(), "path": path.name} for path in paths[first : first + 2000]]
        pq.write_table(pa.table({"image": rows}), root / "s3" / "pictures" / "parquet" / f"{first:06d}.parquet", row_group_size=500)


def spent_by_processors() -> float:
    """Seconds of processor time of this process and of workers that have ended: what other work on a machine does not change."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def one(source: str, cache: Path) -> dict[str, Any]:
    """Read twice, then one epoch."""
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        data = read(
            source, kind="image", cache_limit=0, cache_dir=cache, more={} if source.endswith("folder") else {"shuffle": "20MB"}
        )
        seconds.append(round(time.perf_counter() - began, 2))
    epoch = len(data) // BATCH
    began, before = time.perf_counter(), spent_by_processors()
    first = 0.0
    for batch in islice(batches(data, BATCH, 0, 0, workers=1), epoch):
        first = first or time.perf_counter() - began
        assert len(batch) == BATCH
    spent = time.perf_counter() - began
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "first_read_seconds": seconds[0],
        "second_read_seconds": seconds[1],
        "first_batch_seconds": round(first, 2),
        "pictures_a_second": round(epoch * BATCH / spent),
        "pictures_a_processor_second": round(epoch * BATCH / (spent_by_processors() - before)),
        "peak_mb": round(peaks[0]),
        "worker_peak_mb": round(peaks[1]),
        "store_mb": round(sum(path.stat().st_size for path in cache.glob("shards/*.shard")) / 1e6, 1),
    }


def main() -> None:
    """Make the pictures, serve them, measure each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=128)
    parser.add_argument("--shard", type=int, default=10_000_000)
    parser.add_argument("--one", nargs=2, help="a source and a cache: measure this one way")
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(one(asked.one[0], Path(asked.one[1]))))
        return
    root = Path(tempfile.mkdtemp(prefix="selflearn-shards-"))
    server = None
    try:
        make(root, asked.pictures, asked.side, asked.shard)
        served = subprocess.Popen([sys.executable, str(SERVER), "0", str(root / "s3")], stdout=subprocess.PIPE, text=True)
        server = served
        assert served.stdout is not None
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
        environment = {**os.environ, **keys, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{int(served.stdout.readline())}"}
        pictures = root / "s3" / "pictures"
        ways = {
            "folder": str(root / "folder"),
            "tars": str(pictures / "tars"),
            "parquet": str(pictures / "parquet"),
            "s3_tars": "s3://pictures/tars/",
            "s3_parquet": "s3://pictures/parquet/",
        }
        figures: dict[str, Any] = {}
        for name, source in ways.items():
            command = [sys.executable, "-m", "benchmarks.shards", "--one", source, str(root / f"cache-{name}")]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            figures[name] = json.loads(done.stdout.splitlines()[-1])
            print(name, figures[name], flush=True)
        size = sum(path.stat().st_size for path in (root / "folder").iterdir()) / 1e6
        sizes = {"pictures": asked.pictures, "side": asked.side, "data_mb": round(size, 1), "shard_mb": asked.shard / 1e6}
        keep("shards", {**sizes, "batch": BATCH, "workers": 1, **figures})
    finally:
        if server is not None:
            server.kill()
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
