"""Runs killed at random moments and resumed until they end: the weights must be those of a run that never stopped, bit for bit.

python -m benchmarks.kills [--kills 100]

Recipes on several kinds of data, in turn. Each attempt is a forked process, killed with SIGKILL after a random share of the time
that the whole run took; an attempt that ends before that counts as no kill.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

import selflearn.training.stage  # noqa: F401 (imported before forking)
from benchmarks.common import keep
from benchmarks.forks import forked
from benchmarks.kinds import KINDS
from selflearn import recipes
from selflearn.data import Dataset
from selflearn.training import Budget, RunFolder, fit

NARROW = {"name": "resnet-narrow", "width": 8}
SHALLOW = {"width": 32, "depth": 2, "heads": 2}
TOKENS = {"name": "vit-tiny", **SHALLOW}


@dataclass(frozen=True)
class Case:
    """A recipe on a kind of data, small enough that a run takes a second or two."""

    recipe: str
    sample: str = "image"
    changes: dict[str, Any] = field(default_factory=lambda: {"encoder": NARROW})
    steps: int = 24
    batch: int = 64

    @functools.cached_property
    def data(self) -> Dataset:
        """Read once, before anything is forked."""
        return KINDS[self.sample].read()


CASES = {
    "simclr": Case("simclr"),
    "byol": Case("byol"),
    "swav": Case("swav", changes={"encoder": NARROW, "prototypes": 32}),
    "lejepa": Case("lejepa"),
    "dino": Case("dino", changes={"encoder": TOKENS}),
    "mae": Case("mae", changes={"encoder": TOKENS}),
    "data2vec": Case("data2vec", changes={"encoder": TOKENS}),
    "barlow-twins, series": Case("barlow-twins", "series", {}),
    "vicreg, table": Case("vicreg", "table", {}),
    "graph-mae, graphs": Case("graph-mae", "graph: whole", {"encoder": {"name": "gin", "width": 16, "depth": 2}}),
    "simclr, sound": Case("simclr", "sound", {}, steps=8, batch=16),
    "masked-language, text": Case("masked-language", "text", {"encoder": {"name": "transformer", **SHALLOW}}),
}


def learned(case: Case, path: Path, *, resume: bool = False) -> str:
    """Run, or resume, to the end; a digest of the weights."""
    torch.set_num_threads(1)
    changes = {**case.changes, "batch": case.batch, "device": "cpu", "precision": "32", "checkpoint_every": 0.02}
    stage = recipes.load(case.recipe, "small", changes, case.data.spec.kind).stages[0]
    settings = stage.settings.model_copy(update={"budget": Budget.parse(f"{case.steps}steps")})
    method = recipes.build_method(stage, recipes.build_encoder(stage, case.data.spec, 0, accelerator=False), 0)
    folder = RunFolder.open(path) if resume else RunFolder.create(path)
    fit(method, case.data, recipes.build_views(stage, case.data.spec), settings, folder, resume=resume)
    digest = hashlib.sha256()
    for name, tensor in sorted(method.state_dict().items()):
        digest.update(name.encode() + tensor.contiguous().float().numpy().tobytes())
    return digest.hexdigest()


def attempt(case: Case, path: Path, *, kill_after: float | None = None) -> str | None:
    """A run in a process of its own, resumed where something is there; its digest, or None where it was killed meanwhile."""
    word, status = forked(lambda: learned(case, path, resume=(path / "run.json").exists()), kill_after)
    if not word and not os.WIFSIGNALED(status):
        sys.exit(f"{case.recipe}: an attempt failed, see above")
    return word or None


def cut_off(case: Case, path: Path, seconds: float) -> None:
    """Leave a run that was killed when it had more than one checkpoint, and was not yet done."""
    share = 0.6
    while len(list(path.glob("checkpoints/*/*.pt"))) < 2 or attempt(case, path, kill_after=0.0):
        shutil.rmtree(path, ignore_errors=True)
        if attempt(case, path, kill_after=share * seconds):
            share *= 0.8


def main() -> None:
    """Go round the recipes until there were enough kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    draw, base, began = random.Random(asked.seed), Path(tempfile.mkdtemp(prefix="kills-")), time.perf_counter()
    whole, took, figures = dict[str, str](), dict[str, float](), dict[str, dict[str, int]]()
    for name, case in CASES.items():
        case.data  # noqa: B018 (read before anything is forked)
        start = time.perf_counter()
        whole[name] = str(attempt(case, base / "whole"))
        took[name] = time.perf_counter() - start
        shutil.rmtree(base / "whole")
        figures[name] = {"runs": 0, "kills": 0, "identical": 0}
    while sum(each["kills"] for each in figures.values()) < asked.kills:
        for name, case in CASES.items():
            end = None
            while end is None:
                lives = draw.uniform(0.02, 1.0) * took[name] if draw.random() < 0.7 else None
                end = attempt(case, base / "run", kill_after=lives)
                figures[name]["kills"] += end is None
            figures[name]["runs"] += 1
            figures[name]["identical"] += end == whole[name]
            shutil.rmtree(base / "run")
            print(name, figures[name], flush=True)
        total = {key: sum(each[key] for each in figures.values()) for key in ("runs", "kills", "identical")}
        keep("kills", {**total, "recipes": figures, "seconds": round(time.perf_counter() - began)}, show=False)
    print(total)
    sys.exit(0 if total["identical"] == total["runs"] else "some runs ended with other weights")


if __name__ == "__main__":
    main()
