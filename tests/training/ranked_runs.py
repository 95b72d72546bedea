"""Run by test_ranked.py in a process of its own: forks two ranks that learn, kills one or both, resumes, tells what became."""

import hashlib
import json
import os
import random
import signal
import socket
import sys
import traceback
from pathlib import Path

import torch
from conftest import World

import selflearn.training.stage  # noqa: F401 (imported before forking)
from selflearn.data.batch import Batch
from selflearn.errors import SelflearnError
from selflearn.ranks import check_alike, leads, together, wait_for_all
from selflearn.training import FitSettings, RunFolder, fit
from selflearn.views import View

STEPS = 60


def digest(method: torch.nn.Module) -> str:
    found = hashlib.sha256()
    for name, tensor in sorted(method.state_dict().items()):
        found.update(name.encode() + tensor.float().numpy().tobytes())
    return found.hexdigest()


class Struck:
    """A view whose call of this number brings the process a signal: one that a parent sends may come when all is over."""

    def __init__(self, view: View, call: int, signal_number: int) -> None:
        self.view, self.left, self.signal_number = view, call, signal_number

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), self.signal_number)
        return self.view(batch, generator)


def learn(
    path: Path, resume: bool, budget: str, batch: int, replace: dict[str, float] | None, struck: tuple[int, int] | None
) -> str:
    torch.set_num_threads(1)
    if leads() and not resume:
        RunFolder.create(path)
    wait_for_all()
    method = World.method()
    settings = FitSettings(
        batch=batch,
        accumulate=2,
        budget=budget,
        precision="32",
        checkpoint_every=0.02,
        device="cpu",
        replace_units=replace,
    )
    views = [Struck(World.views[0], *struck), *World.views[1:]] if struck else World.views
    fit(method, World.Vectors(), views, settings, RunFolder.open(path), resume=resume)
    return digest(method)


def rank(
    number: int,
    port: int,
    path: Path,
    resume: bool,
    budget: str,
    batch: int,
    data: str,
    replace: dict[str, float] | None,
    struck: tuple[int, int] | None,
) -> str:
    """What one rank found: a digest of its weights, or the message of the error."""
    place = {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number), "LOCAL_WORLD_SIZE": "2"}
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    try:
        with together(place):
            check_alike("data", data.split(",")[number % len(data.split(","))])
            return learn(path, resume, budget, batch, replace, struck)
    except SelflearnError as error:
        return f"{type(error).__name__}: {error}"


def pair(path: Path, *, resume: bool = False, kill: tuple[int, ...] = (), at: int = 0, budget: str = f"{STEPS}steps",
         batch: int = 16, data: str = "same", replace: dict[str, float] | None = None,
         signal_number: int = signal.SIGKILL) -> list[str]:  # fmt: skip
    """Fork two ranks; what each found, "" where it was killed. Those in `kill` get the signal at their micro-batch `at`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children, pipes = [], []
    for number in range(2):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            for each in pipes:
                each.close()
            try:
                struck = (at, signal_number) if number in kill else None
                os.write(writing, rank(number, port, path, resume, budget, batch, data, replace, struck).encode())
            except BaseException as error:
                if not isinstance(error, SystemExit | KeyboardInterrupt):
                    traceback.print_exc()
                os.write(writing, f"{type(error).__name__}".encode())
            os._exit(0)
        os.close(writing)
        children.append(child)
        pipes.append(os.fdopen(reading))
    found = [pipe.read() for pipe in pipes]
    for child in children:
        os.waitpid(child, 0)
    return found


def main(base: Path) -> None:
    draw = random.Random(0)
    found = {"whole": pair(base / "whole")}
    for name, kill in (("follower", (1,)), ("leader", (0,)), ("both", (0, 1))):
        found[f"{name} killed"] = pair(base / name, kill=kill, at=draw.randrange(2, 2 * STEPS))
        found[f"{name} resumed"] = pair(base / name, resume=True)
    found["asked to stop"] = pair(base / "stop", kill=(1,), at=STEPS, signal_number=signal.SIGTERM)
    found["stopped resumed"] = pair(base / "stop", resume=True)
    found["by time"] = pair(base / "time", budget="2s")
    found["replaced"] = pair(base / "replaced", replace={"rate": 0.02, "maturity": 3})
    found["odd batch"] = pair(base / "odd", batch=15)
    found["unlike data"] = pair(base / "unlike", data="blue,green")
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
