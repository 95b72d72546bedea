"""Peak memory of learning on 60,000 pictures, above the bare model and its optimiser; and of a large batch taken in chunks.

python -m benchmarks.memory --data fashion_mnist.npz --encoder small --steps 60
python -m benchmarks.memory --data fashion_mnist.npz --encoder small --steps 4 --large 4096   (256; 4,096 in chunks; 4,096 whole)
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


def one(mode: str, asked: argparse.Namespace, batch: int, chunk: int = 0) -> float:
    """Peak of a process that only does `mode`."""
    words = [
        "--data",
        asked.data,
        "--encoder",
        asked.encoder,
        "--batch",
        str(batch),
        "--chunk",
        str(chunk),
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
    parser.add_argument("--chunk", type=int, default=0, help="samples that are encoded at a time; 0 is all")
    parser.add_argument("--large", type=int, help="compare this batch, in chunks of --batch and whole, with --batch itself")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--mode", choices=["both", "bare", "learn"], default="both")
    asked = parser.parse_args()
    if asked.large:
        cases = {"small": (asked.batch, 0), "chunks": (asked.large, asked.batch), "whole": (asked.large, 0)}
        peaks = {name: round(one("learn", asked, *case)) for name, case in cases.items()}
        sizes = {"batch": asked.batch, "large": asked.large}
        keep(
            f"memory-chunks-{asked.encoder}",
            {"unit": "MB", **sizes, **peaks, "chunks_to_small": round(peaks["chunks"] / peaks["small"], 2)},
        )
        return
    if asked.mode == "both":
        figures = {mode: round(one(mode, asked, asked.batch)) for mode in ("bare", "learn")}
        keep(f"memory-{asked.encoder}", {"unit": "MB", **figures, "above_bare": figures["learn"] - figures["bare"]})
        return
    chosen = stage("simclr", asked.encoder, chunk=asked.chunk)
    if asked.mode == "bare":
        few = np.random.default_rng(0).integers(0, 255, (asked.batch, 28, 28), dtype=np.uint8)  # the data must not be held here
        bare(chosen, read(few, cache=False), asked.steps, asked.batch)
    else:
        timed_fit(images(asked.data), chosen, asked.steps, asked.batch)
    print(f"{peak():.0f}")


if __name__ == "__main__":
    main()
