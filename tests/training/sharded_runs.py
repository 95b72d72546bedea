"""Run by test_sharding.py in a process of its own: two ranks learn by DDP and by FSDP, and go on from each other's checkpoints."""

import json
import os
import socket
import sys
from pathlib import Path

import torch
import torch.multiprocessing as mp

from selflearn import recipes
from selflearn.data import read
from selflearn.ranks import leads, together, wait_for_all
from selflearn.training import Budget, RunFolder, fit, sharding

NARROW, TOKENS = {"name": "resnet-narrow", "width": 8}, {"name": "vit-tiny", "width": 32, "depth": 2, "heads": 2}
CASES = {
    "simclr": {"encoder": NARROW, "projector": [32, 16]},
    "simclr in chunks": {"encoder": TOKENS, "projector": [32, 16], "chunk": 8},
    "simclr of sigma layers": {
        "encoder": {**TOKENS, "linear": "sigma"},
        "projector": [32, 16],
        "alignment": 0.0,
        "optimiser": {"name": "sgd", "lr": 0.05, "layer_decay": 0.7},
    },
    "dino": {"encoder": TOKENS, "projector": [32, 16], "prototypes": 24, "clip": 0.5},
    "swav": {"encoder": NARROW, "projector": [32, 16], "prototypes": 8},
    "mae": {"encoder": TOKENS, "optimiser": {"name": "adamw", "lr": 0.001}},
    "barlow-twins": {"encoder": NARROW, "projector": [32, 32], "optimiser": {"name": "lars", "lr": 0.1}},
}
STEPS = 4


def learn(path: Path, recipe: str, strategy: str, steps: int = STEPS, resume: bool = False):
    """A trained method, and how much of its weights this rank held meanwhile."""
    dataset = read("digits", cache=False)
    changes = {**CASES[recipe], "batch": 32, "precision": "32", "device": "cpu", "strategy": strategy}
    # Not Adam by default: it makes steps of like length from gradients that are nothing but rounding.
    changes = {"optimiser": {"name": "sgd", "lr": 0.05}, **changes}
    stage = recipes.load(recipe.split(maxsplit=1)[0], "small", changes, "image").stages[0]
    if leads() and not resume:
        RunFolder.create(path)
    wait_for_all()
    torch.manual_seed(0)
    method = recipes.build_method(stage, recipes.build_encoder(stage, dataset.spec, 0, accelerator=False), 0)
    settings = stage.settings.model_copy(update={"budget": Budget.parse(f"{steps}steps")})
    outcome = fit(method, dataset, recipes.build_views(stage, dataset.spec), settings, RunFolder.open(path), resume=resume)
    assert outcome.step == steps
    return method


def compare(one: torch.nn.Module, other: torch.nn.Module) -> float:
    """The distance of two states relative to the length of the first."""
    first, second = one.state_dict(), other.state_dict()
    assert set(first) == set(second)
    own, apart = (torch.cat([part.float().flatten() for part in parts]) for parts in
                  (first.values(), [first[name] - second[name] for name in first]))  # fmt: skip
    return float(apart.norm() / own.norm())


def work(number: int, port: int, base: Path) -> None:
    torch.set_num_threads(1)
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    place = {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number), "LOCAL_WORLD_SIZE": "2"}
    held = []
    own = sharding.sharded

    def counted(module, device, unit=sharding.UNIT):
        made = own(module, device, unit=2000)
        whole = sum(weight.numel() for weight in made.parameters())
        held.append(sum(sharding.local(weight).numel() for weight in made.parameters()) / whole)
        return made

    sys.modules["selflearn.training.fit"].sharded = counted
    found = {}
    with together(place):
        for recipe in CASES:
            whole = learn(base / f"{recipe}-ddp", recipe, "ddp")
            parted = learn(base / f"{recipe}-fsdp", recipe, "fsdp")
            found[recipe] = {"apart": compare(whole, parted), "held": held[-1]}
        turns = [(one, other) for one in ("ddp", "fsdp") for other in ("ddp", "fsdp")]
        ends = []
        for before, after in turns:
            learn(base / f"{before}-{after}", "dino", before, steps=2)
            ends.append(learn(base / f"{before}-{after}", "dino", after, resume=True))
            found[f"{before}, then {after}"] = {"apart": compare(ends[0], ends[-1])}
    (base / f"{number}.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    mp.spawn(work, (port, Path(sys.argv[1])), nprocs=2)
