"""What the benchmarks share: named networks, reading data, keeping a result with its command and conditions."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from selflearn import networks, recipes
from selflearn.data import Dataset, read
from selflearn.training import Budget, fit
from selflearn.workflow.environment import describe

RESULTS = Path(__file__).parent / "results"
ENCODERS = {"small": "resnet-narrow", "resnet18": "resnet18"}  # `small` is the narrow network of the LightlySSL comparison


def keep(name: str, figures: dict[str, Any], show: bool = True) -> None:
    """Print figures (unless told not to) and write them, with command, machine and commit, to benchmarks/results/NAME.json."""
    (RESULTS / name).parent.mkdir(parents=True, exist_ok=True)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    command = "python -m " + " ".join([f"benchmarks.{Path(sys.argv[0]).stem}", *(_public(word) for word in sys.argv[1:])])
    record = {"command": command, "commit": commit, "date": time.strftime("%Y-%m-%d"), "machine": describe(), "figures": figures}
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if show:
        print(json.dumps(figures, indent=1))


def kept(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Figures that were kept under these very settings, so that a run that was cut off goes on; else the settings alone."""
    file = RESULTS / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["figures"] if file.exists() else {}
    return found if found.get("settings") == settings else {"settings": settings}


def settings_of(stage: recipes.Stage, steps: int) -> dict[str, Any]:
    """What decides the figures of an encoder that learned by this stage."""
    return {"steps": steps, **{name: stage.model_dump(mode="json")[name] for name in ("fit", "options", "views", "encoder")}}


def _public(word: str) -> str:
    """A command's word without the folders of one machine."""
    return Path(word).name if "/" in word else word


def images(path: str, samples: int | None = None) -> Dataset:
    """Read pictures; only the first `samples` if given."""
    from selflearn.data import subset

    dataset = read(path)
    return dataset if samples is None else subset(dataset, np.arange(min(samples, len(dataset))))


def test_part(path: str, like: Dataset) -> Dataset:
    """The test pictures of an .npz with train and test parts, read as the training part was."""
    data = dict(np.load(path))
    if "test_jpeg" in data:
        whole, ends = data["test_jpeg"].tobytes(), data["test_offsets"]
        files = [whole[start:end] for start, end in itertools.pairwise(ends)]
        pictures = np.stack([np.asarray(Image.open(io.BytesIO(each)).convert("RGB")) for each in files])
    else:
        pictures = next(value for name, value in data.items() if "test" in name and value.ndim >= 3)
    labels = next(value for name, value in data.items() if "test" in name and "label" in name)
    return read(pictures, labels=labels.astype(np.int64), like=like.spec, cache=False)


def stage(method: str, encoder: str, **changes: Any) -> recipes.Stage:
    """A recipe's stage in its small preset, with one of the benchmark's networks."""
    return recipes.load(method, "small", {"encoder": ENCODERS.get(encoder, encoder), **changes}, "image").stages[0]


def timed_fit(
    dataset: Dataset, chosen: recipes.Stage, steps: int, batch: int, precision: str = "auto", warm_up: int = 2
) -> tuple[float, Any]:
    """Samples a second from raw pictures to weight update, after `warm_up` steps; and the trained encoder."""
    encoder = networks.build(dataset.spec, **chosen.encoder)
    method = recipes.build_method(chosen, encoder, 0)
    moments = stamp(method)
    settings = chosen.settings.model_copy(update={"budget": Budget.parse(f"{steps}steps"), "batch": batch, "precision": precision})
    fit(method, dataset, recipes.build_views(chosen, dataset.spec), settings, None)
    return (len(moments) - warm_up) * batch / (moments[-1] - moments[warm_up - 1]), encoder


def stamp(method: Any) -> list[float]:
    """Note the moment of every update of a method."""
    moments: list[float] = []
    after: Callable[[float], None] = method.after_update

    def note(progress: float) -> None:
        after(progress)
        moments.append(time.perf_counter())

    method.after_update = note
    return moments


def bare(chosen: recipes.Stage, dataset: Dataset, steps: int, batch: int, precision: str = "auto", warm_up: int = 2) -> float:
    """Samples a second of forward, backward and update alone, on two views already made: the limit of this machine."""
    from selflearn.training import choose_precision, make_optimiser
    from selflearn.views import make_views

    encoder = networks.build(dataset.spec, **chosen.encoder)
    method = recipes.build_method(chosen, encoder, 0).train()
    bf16 = choose_precision("cpu", precision).precision == "bf16"
    if bf16:
        method.to(memory_format=torch.channels_last)
    generator = torch.Generator().manual_seed(0)
    made = make_views(dataset.batch(np.arange(batch)), recipes.build_views(chosen, dataset.spec), generator)
    optimiser = make_optimiser(method, chosen.settings.optimiser, batch, fused=True)
    began = 0.0
    for step in range(steps):
        if step == warm_up:
            began = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            loss = sum(method.project(encoder(view).pooled).float().square().mean() for view in made)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return (steps - warm_up) * batch / (time.perf_counter() - began)
