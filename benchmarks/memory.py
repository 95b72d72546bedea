"""Peak memory of learning on 60,000 pictures, above the bare model and its optimiser.

python -m benchmarks.memory --data fashion_mnist.npz --encoder small --steps 60
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys

import numpy as np

from benchmarks.common import bare, images, keep, stage, timed_fit
from selflearn.data import read


def peak() -> float:
    """The largest resident size of the process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def one(mode: str, asked: argparse.Namespace) -> float:
    """Peak of a process that only does `mode`."""
    words = [
        "--data",
        asked.data,
        "--encoder",
        asked.encoder,
        "--batch",
        str(asked.batch),
        "--steps",
        str(asked.steps),
        "--mode",
        mode,
    ]
    done = subprocess.run([sys.executable, "-m", "benchmarks.memory", *words], capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])


def main() -> None:
    """Measure the bare model and the whole of learning, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--encoder", default="small")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--mode", choices=["both", "bare", "learn"], default="both")
    asked = parser.parse_args()
    if asked.mode == "both":
        figures = {mode: round(one(mode, asked)) for mode in ("bare", "learn")}
        keep(f"memory-{asked.encoder}", {"unit": "MB", **figures, "above_bare": figures["learn"] - figures["bare"]})
        return
    chosen = stage("simclr", asked.encoder)
    if asked.mode == "bare":
        few = np.random.default_rng(0).integers(0, 255, (asked.batch, 28, 28), dtype=np.uint8)  # the data must not be held here
        bare(chosen, read(few, cache=False), asked.steps, asked.batch)
    else:
        timed_fit(images(asked.data), chosen, asked.steps, asked.batch)
    print(f"{peak():.0f}")


if __name__ == "__main__":
    main()
