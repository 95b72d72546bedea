"""How long a person waits before anything happens: importing, asking for help, and from the command to the first update.

python -m benchmarks.startup [--rounds 5]

Each is a process of its own; medians of rounds in turn. The first update is compared with importing torch and Lightning alone.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from benchmarks.common import keep
from benchmarks.kinds import KINDS
from benchmarks.pace import first_update

COMMANDS = {
    "python": ["-c", ""],
    "import selflearn": ["-c", "import selflearn"],
    "selflearn --help": ["-m", "selflearn", "--help"],
    "import torch, lightning": ["-c", "import torch, lightning.pytorch"],
}


def seconds(words: list[str]) -> float:
    """Of one process from start to end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Measure in turn, and keep medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    found: dict[str, list[float]] = {name: [] for name in (*COMMANDS, "learn digits: first update")}
    for _ in range(asked.rounds):
        for name, words in COMMANDS.items():
            found[name].append(seconds(words))
        found["learn digits: first update"].append(first_update(KINDS["image"]))
    figures = {name: round(statistics.median(values), 3) for name, values in found.items()}
    over = [update - libraries for update, libraries in zip(*list(found.values())[:2:-1], strict=True)]
    keep("startup", {**figures, "first update over torch and lightning": round(statistics.median(over), 3)})


if __name__ == "__main__":
    main()
