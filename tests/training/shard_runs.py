"""Run by test_shards.py in a process of its own: runs on shards of a bucket, killed and resumed, while the server comes and goes.

Prints the weights' digests of a run that never stopped and of one that was killed, and how often requests were made again.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

import selflearn.training.stage  # noqa: F401 (imported before forking)
from selflearn import networks, recipes
from selflearn.data import read
from selflearn.training import Budget, RunFolder, fit

STEPS = 40


def learn(path: Path, source: str, cache: Path, resume: bool) -> None:
    """One run to its end, in this process; leaves a digest of its weights."""
    torch.set_num_threads(1)
    more = {"shuffle": 1, "store": 95_000}
    dataset = read(source, kind="image", cache_limit=0, cache_dir=cache, more=more)
    assert dataset.streamed
    folder = RunFolder.open(path) if resume else RunFolder.create(path)
    chosen = recipes.load("simclr", "small", {"encoder": "resnet-narrow", "projector": [16, 16]}, "image").stages[0]
    encoder = networks.build(dataset.spec, **chosen.encoder)
    method = recipes.build_method(chosen, encoder, 0)
    changed = {
        "batch": 8,
        "budget": Budget.parse(f"{STEPS}steps"),
        "checkpoint_every": 0.05,
        "device": "cpu",
        "precision": "32",
        "workers": 1,
    }
    outcome = fit(
        method,
        dataset,
        recipes.build_views(chosen, dataset.spec),
        chosen.settings.model_copy(update=changed),
        folder,
        resume=resume,
    )
    digest = hashlib.sha256()
    for name, tensor in sorted(method.state_dict().items()):
        digest.update(name.encode() + tensor.numpy().tobytes())
    (path / "digest").write_text(json.dumps([digest.hexdigest(), dataset.incidents(), outcome.step]))


def attempt(path: Path, source: str, cache: Path, kill_after: float | None) -> bool:
    """Fork a run; whether it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            learn(path, source, cache, (path / "run.json").exists())
        finally:
            os._exit(0)
    if kill_after is not None:
        until = time.monotonic() + 20
        while not list(path.glob("checkpoints/*/*")) and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return (path / "digest").exists()


def main(base: Path, source: str) -> None:
    draw = random.Random(0)
    assert attempt(base / "whole", source, base / "cache-whole", None)
    kills = 0
    while not attempt(base / "killed", source, base / "cache-killed", draw.uniform(0.05, 0.6) if kills < 2 else None):
        kills += 1
        assert kills < 10
    found = {name: json.loads((base / name / "digest").read_text()) for name in ("whole", "killed")}
    print(json.dumps({"kills": kills, **found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
