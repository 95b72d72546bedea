"""Cost as work grows: time a sample and memory, from 1,000 to 1,000,000 samples in files that are made for it.

python -m benchmarks.growth [--kinds image table] [--sizes 1000 10000 100000 1000000]

For each size a fresh process reads the file, learns for 40 updates of 128, and embeds at most 20,000 samples spread over all of the
data. Reading is per sample of the file, learning and embedding per sample that goes through. Memory is the most that was resident
less what was so with 1,000 samples, beside the bytes of the data.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.common import keep, stamp

STEPS, BATCH, EMBEDDED = 40, 128, 20_000


def make(kind: str, count: int, folder: Path) -> Path:
    """A file of `count` samples."""
    draw = np.random.default_rng(0)
    if kind == "image":
        path = folder / f"{count}.npy"
        values = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(count, 16, 16))
        for start in range(0, count, 50_000):
            values[start : start + 50_000] = draw.integers(0, 256, values[start : start + 50_000].shape, dtype=np.uint8)
        values.flush()
        return path
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / f"{count}.parquet"
    columns = {f"x{number}": draw.normal(size=count).astype(np.float32) for number in range(8)}
    pq.write_table(pa.table({**columns, "town": pa.array(draw.choice(["a", "b", "c"], count))}), path)
    return path


def measure(kind: str, path: str) -> dict[str, float]:
    """Read, learn, embed; in this process."""
    from selflearn import recipes
    from selflearn.data import read, subset
    from selflearn.training import Budget, embed, fit
    from selflearn.views import plain

    began = time.perf_counter()
    dataset = read(path, kind=kind, cache=False)
    reading = time.perf_counter() - began
    stage = recipes.load("vicreg", "small", {"batch": BATCH, "device": "cpu"}, kind).stages[0]
    method = recipes.build_method(stage, recipes.build_encoder(stage, dataset.spec, 0, accelerator=False), 0)
    moments = stamp(method)
    settings = stage.settings.model_copy(update={"budget": Budget.parse(f"{STEPS}steps")})
    fit(method, dataset, recipes.build_views(stage, dataset.spec), settings, None)
    some = subset(dataset, np.linspace(0, len(dataset) - 1, min(len(dataset), EMBEDDED)).astype(np.int64))
    began = time.perf_counter()
    embed(method.encoder, some, plain(dataset.spec), device="cpu", batch=256)
    return {
        "read_us": reading / len(dataset) * 1e6,
        "read_seconds": reading,
        "learn_us": (moments[-1] - moments[1]) / ((len(moments) - 2) * BATCH) * 1e6,
        "embed_us": (time.perf_counter() - began) / len(some) * 1e6,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Every size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", default=["image", "table"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(*asked.one)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for kind in asked.kinds:
            rows = {}
            for count in asked.sizes:
                path = make(kind, count, Path(folder))
                words = [sys.executable, "-m", "benchmarks.growth", "--one", kind, str(path)]
                done = subprocess.run(words, capture_output=True, text=True, check=True, env={**os.environ})
                rows[count] = {**json.loads(done.stdout.splitlines()[-1]), "file_mb": path.stat().st_size / 2**20}
                path.unlink()
                print(kind, count, {name: round(value, 2) for name, value in rows[count].items()}, flush=True)
            first = rows[asked.sizes[0]]
            figures = {
                str(count): {
                    **{name: round(value, 2) for name, value in row.items()},
                    "learn_over_first": round(row["learn_us"] / first["learn_us"], 3),
                    "embed_over_first": round(row["embed_us"] / first["embed_us"], 3),
                }
                for count, row in rows.items()
            }
            keep(f"growth-{kind}", {kind: figures})


if __name__ == "__main__":
    main()
