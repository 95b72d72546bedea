"""Samples a second of two processes over gloo, beside twice those of one, each with one thread, on two cores.

python -m benchmarks.scaling [--recipes simclr vicreg] [--steps 30] [--rounds 3]

The two share a batch of twice the size: each has as many samples as the one has. What is lost goes to synchronised batch norms,
gathered negatives and averaged gradients, and to what the cores share (memory, caches, and where two cores are two threads of
one, its arithmetic units). `apart` is what two processes reach that learn on their own at once: the limit of the machine.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch
import torch.multiprocessing as mp

from benchmarks.common import keep, stamp
from benchmarks.kinds import KINDS
from selflearn import recipes
from selflearn.ranks import together
from selflearn.training import Budget, fit

BATCH = 128  # of each process
ENCODER = {"mae": "vit-tiny"}  # masked methods need tokens


def learn(recipe: str, steps: int, processes: int) -> float:
    """Samples a second of all processes together, after two updates to warm up."""
    torch.set_num_threads(1)
    dataset = KINDS["image"].read()
    changes = {"encoder": ENCODER.get(recipe, "resnet-narrow"), "batch": BATCH * processes, "device": "cpu"}
    stage = recipes.load(recipe, "small", changes, "image").stages[0]
    method = recipes.build_method(stage, recipes.build_encoder(stage, dataset.spec, 0, accelerator=False), 0)
    moments = stamp(method)
    settings = stage.settings.model_copy(update={"budget": Budget.parse(f"{steps}steps")})
    fit(method, dataset, recipes.build_views(stage, dataset.spec), settings, None)
    return (len(moments) - 2) * BATCH * processes / (moments[-1] - moments[1])


def work(number: int, recipe: str, steps: int, processes: int, port: int, out: str) -> None:
    """One rank, or with no port a process on its own; each writes what it measured."""
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    place = {"RANK": str(number), "LOCAL_RANK": str(number), "WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
    with together(place if port else {}):
        pace = learn(recipe, steps, processes if port else 1)
    Path(out, str(number)).write_text(str(pace), encoding="utf-8")


def pace(recipe: str, steps: int, processes: int, apart: bool = False) -> float:
    """Samples a second of all processes, measured in fresh ones."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as out:
        free.bind(("127.0.0.1", 0))
        port = 0 if apart or processes == 1 else free.getsockname()[1]
        free.close()
        mp.spawn(work, (recipe, steps, processes, port, out), nprocs=processes)
        said = [float(each.read_text(encoding="utf-8")) for each in sorted(Path(out).iterdir())]
        return said[0] if port else sum(said)


def main() -> None:
    """One and two processes in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", default=["simclr", "vicreg", "swav", "mae"])
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    figures: dict[str, Any] = {"batch of each": BATCH}
    for recipe in asked.recipes:
        rounds = [
            (pace(recipe, asked.steps, 1), pace(recipe, asked.steps, 2), pace(recipe, asked.steps, 2, apart=True))
            for _ in range(asked.rounds)
        ]
        one, two, apart = (round(statistics.median(each), 1) for each in zip(*rounds, strict=True))
        figures[recipe] = {
            "one": one,
            "two": two,
            "apart": apart,
            "efficiency": round(statistics.median(two / (2 * one) for one, two, _ in rounds), 3),
            "of the limit": round(statistics.median(two / apart for _, two, apart in rounds), 3),
        }
        print(recipe, figures[recipe], flush=True)
    keep("scaling", figures)


if __name__ == "__main__":
    main()
