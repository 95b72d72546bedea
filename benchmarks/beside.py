"""Our throughput and memory beside LightlySSL's: same network, heads, batch, method and pictures, in turn, in one run.

python -m benchmarks.beside --data cifar10_jpeg.npz --encoder small --sides 32 96 --rounds 2 --peer-python PYTHON

Pictures are the first `--pictures` of the data, in memory on both sides, made larger (bicubic) where a side is. A ratio is the
median over rounds; `lightly` is LightlySSL as its documentation has it, `lightly_bf16` the same in bf16 (what selflearn takes by
itself where the processor has it). The first updates, in which its workers are ahead of it, are not counted. Memory is the most
that the process and its workers held together (shared pages counted once).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.common import keep, kept
from selflearn.data import read

PEER = Path(__file__).parent / "peers" / "lightly_joint.py"
WARM = ("--warm-up", "6")
METHODS = ("simclr", "byol", "barlow-twins", "vicreg")


def pictures(source: str, count: int, side: int, folder: Path) -> Path:
    """An .npz with the first pictures at this size, part "train"."""
    dataset = read(source)
    values = dataset.batch(np.arange(min(count, len(dataset)))).values.permute(0, 2, 3, 1).numpy()
    if values.shape[1] != side:
        larger = (Image.fromarray(each).resize((side, side), Image.Resampling.BICUBIC) for each in values)
        values = np.stack([np.asarray(each) for each in larger])
    path = folder / f"{side}.npz"
    np.savez(path, train=values)
    return path


def run(words: list[str]) -> dict[str, float]:
    """What a process says in its last line (samples a second), and the most memory that it and its children held."""
    most = 0.0
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        process = subprocess.Popen(words, stdout=said, stderr=complained, text=True)
        ended = threading.Event()

        def watch() -> None:
            nonlocal most
            while not ended.wait(0.5):
                most = max(most, sum(_held(each) for each in _family(process.pid)))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        ended.set()
        watcher.join()
        if code:
            complained.seek(0)
            sys.exit(f"{' '.join(words)} ended with {code}: {complained.read()[-2000:]}")
        said.seek(0)
        return {
            "samples_per_second": round(float(json.loads(said.read().splitlines()[-1])["samples_per_second"]), 1),
            "mb": round(most),
        }


def _family(process: int) -> list[int]:
    """A process and all that descend from it."""
    found = [process]
    for each in found:
        try:
            tasks = Path(f"/proc/{each}/task").iterdir()
            found += [int(child) for task in tasks for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def _held(process: int) -> float:
    """MB of a process, shared pages in equal parts."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def ours(method: str, encoder: str, data: Path, batch: int, steps: int) -> dict[str, float]:
    """By `benchmarks.throughput`; Barlow Twins with LightlySSL's three layers."""
    words = ["--method", method, "--encoder", encoder, "--data", str(data), "--batch", str(batch), "--steps", str(steps), *WARM]
    deep = ["--projector", "512", "512", "512"] if method == "barlow-twins" else []
    return run([sys.executable, "-m", "benchmarks.throughput", *words, *deep, "--json"])


def peer(python: str, method: str, encoder: str, data: Path, batch: int, steps: int, bf16: bool) -> dict[str, float]:
    """LightlySSL, in its own environment."""
    words = [str(data), "--method", method, "--encoder", encoder, "--batch", str(batch), "--steps", str(steps), *WARM]
    return run([python, str(PEER), *words, *(["--bf16"] if bf16 else [])])


def compared(rounds: list[dict[str, dict[str, float]]]) -> dict[str, Any]:
    """Medians of ratios, over the rounds in which both were measured."""
    figures: dict[str, Any] = {"rounds": rounds}
    for name in ("lightly", "lightly_bf16"):
        both = [(each["selflearn"], each[name]) for each in rounds if name in each]
        figures[f"speed_over_{name}"] = round(
            statistics.median(a["samples_per_second"] / b["samples_per_second"] for a, b in both), 2
        )
        figures[f"memory_over_{name}"] = round(statistics.median(a["mb"] / b["mb"] for a, b in both), 2)
    return figures


def main() -> None:
    """Each method at each size: ours and the peer's in turn. In float32 LightlySSL is measured in the first round alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--encoder", default="small", choices=["small", "resnet18"])
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=METHODS)
    parser.add_argument("--sides", nargs="+", type=int, default=[32, 96])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", nargs="+", type=int, default=[36, 12], help="at each side, the first 6 not counted")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=8192)
    parser.add_argument("--peer-python", required=True)
    asked = parser.parse_args()
    name = f"beside-lightly-{asked.encoder}"
    settings = {
        "batch": asked.batch,
        "steps": dict(zip(map(str, asked.sides), asked.steps, strict=True)),
        "rounds": asked.rounds,
        "pictures": asked.pictures,
    }
    figures = kept(name, settings)
    with tempfile.TemporaryDirectory() as folder:
        for side, steps in zip(asked.sides, asked.steps, strict=True):
            data = pictures(asked.data, asked.pictures, side, Path(folder))
            for method in asked.methods:
                what = (method, asked.encoder, data, asked.batch, steps)
                rounds = []
                for number in range(asked.rounds):
                    found = {"selflearn": ours(*what), "lightly_bf16": peer(asked.peer_python, *what, bf16=True)}
                    if number == 0:
                        found["lightly"] = peer(asked.peer_python, *what, bf16=False)
                    print(method, side, found, flush=True)
                    rounds.append(found)
                figures[f"{method}, {side} x {side}"] = compared(rounds)
                keep(name, figures, show=False)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
