"""Run by test_resume.py in a process of its own: forks runs, kills them, resumes them, prints what became of the weights.

Forking before torch has computed anything makes each attempt cost milliseconds where a fresh interpreter would cost seconds.
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
from conftest import World

import selflearn.training.stage  # noqa: F401 (imported before forking)
from selflearn.networks.sigma import reparametrised
from selflearn.training import FitSettings, RunFolder, fit, read_metrics


def learn(path: Path, precision: str, resume: bool) -> str:
    """One run to its end, in this process; a digest of its weights."""
    torch.set_num_threads(1)
    folder = RunFolder.open(path) if resume else RunFolder.create(path)
    method = World.method()
    precision, _, stable = precision.partition(" ")
    replace = {"rate": 0.01, "maturity": 5, "memory": 0.9} if stable else None
    for network in (method.encoder, method.teacher) if stable else ():
        reparametrised(network)
    settings = FitSettings(
        batch=16,
        accumulate=2,
        clip=1.0,
        budget="240steps",
        precision=precision,
        checkpoint_every=0.02,
        device="cpu",
        replace_units=replace,
    )
    fit(method, World.Vectors(), World.views, settings, folder, resume=resume)
    digest = hashlib.sha256()
    for name, tensor in sorted(method.state_dict().items()):
        digest.update(name.encode() + tensor.float().numpy().tobytes())
    return digest.hexdigest()


def attempt(path: Path, precision: str, resume: bool, kill_after: float | None, moment: str | None = None) -> str | None:
    """Fork a run; its digest, or None where it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        if moment:
            die_at(moment)
        os.write(writing, learn(path, precision, resume).encode())
        os._exit(0)
    os.close(writing)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading) as pipe:
        digest = pipe.read()
    os.waitpid(child, 0)
    return digest or None


def die_at(moment: str) -> None:
    """Kill this process in the middle of its third checkpoint: half written, or whole but not yet renamed."""
    calls = {"save": 0, "replace": 0}
    save, replace = torch.save, Path.replace

    def half(state, file):
        calls["save"] += 1
        save(state, file)
        if moment == "half-written" and calls["save"] == 3:
            file.flush()
            os.truncate(file.name, os.path.getsize(file.name) // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    def unnamed(self, target):
        if "checkpoints" in str(target):
            calls["replace"] += 1
            if moment == "not-renamed" and calls["replace"] == 3:
                os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    torch.save, Path.replace = half, unnamed


def main(base: Path, precision: str) -> None:
    draw = random.Random(precision)
    whole = attempt(base / "whole", precision, False, None)
    ends = {}
    for moment in ("half-written", "not-renamed"):
        path = base / moment
        assert attempt(path, precision, False, None, moment) is None
        ends[moment] = attempt(path, precision, True, None)
    path, kills, end = base / "random", 0, None
    while end is None:
        end = attempt(path, precision, (path / "run.json").exists(), draw.uniform(0.1, 0.5) if kills < 6 else None)
        kills += end is None
    ends["random"] = end
    steps = {run: [row["step"] for row in read_metrics(RunFolder.open(base / run))] for run in ("whole", "random")}
    print(json.dumps({"whole": whole, "ends": ends, "kills": kills, "steps": steps}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
