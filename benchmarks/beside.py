"""Our throughput beside LightlySSL's: same network, batch, method and data, in turn, in one run.

python -m benchmarks.beside --data cifar10_jpeg.npz --encoder small --batch 256 --steps 40 --rounds 3 --peer-python PYTHON
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.common import keep

PEER = Path(__file__).parent / "peers" / "lightly_simclr.py"


def ours(asked: argparse.Namespace) -> float:
    """Samples a second of selflearn, in a process of its own."""
    words = [
        "--method",
        "simclr",
        "--encoder",
        asked.encoder,
        "--data",
        asked.data,
        "--batch",
        str(asked.batch),
        "--steps",
        str(asked.steps),
    ]
    done = subprocess.run([sys.executable, "-m", "benchmarks.throughput", *words], capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1].split()[0])


def peer(asked: argparse.Namespace, bf16: bool) -> float:
    """Samples a second of LightlySSL, in its own environment."""
    steps = max(8, asked.steps // (1 if asked.encoder == "small" else 2))
    words = [
        asked.data,
        "--encoder",
        asked.encoder,
        "--batch",
        str(asked.batch),
        "--steps",
        str(steps),
        *(["--bf16"] if bf16 else []),
    ]
    done = subprocess.run([asked.peer_python, str(PEER), *words], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout.strip().splitlines()[-1])["samples_per_second"])


def main() -> None:
    """Alternate the three and keep the ratios round by round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--encoder", default="small", choices=["small", "resnet18"])
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer-python", required=True)
    asked = parser.parse_args()
    rounds = []
    for number in range(asked.rounds):
        figures = {"selflearn": ours(asked), "lightly": peer(asked, False), "lightly_bf16": peer(asked, True)}
        print(f"round {number + 1}: " + ", ".join(f"{name} {rate:.1f}" for name, rate in figures.items()), flush=True)
        rounds.append({name: round(rate, 1) for name, rate in figures.items()})
    ratios = {
        name: round(statistics.median(each["selflearn"] / each[name] for each in rounds), 2) for name in ("lightly", "lightly_bf16")
    }
    keep(f"beside-lightly-{asked.encoder}", {"unit": "samples/s", "batch": asked.batch, "rounds": rounds, "median_ratio": ratios})


if __name__ == "__main__":
    main()
