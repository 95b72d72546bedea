"""On a GPU: samples a second, share of the bare model and memory for the usual networks; minutes to a k-NN accuracy on CIFAR-10.

python -m benchmarks.gpu [--cases resnet18-simclr vit-b-mae] [--steps 60] [--data cifar10_jpeg.npz --to 0.847 --minutes 60]

The bare model is the same method on views that are made already: forward, backward, update. Views of the run are made on the GPU,
from pictures in memory. `--device cpu` with few steps shows that the script works without a GPU; its numbers then mean nothing.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from benchmarks.common import images, keep, test_part
from selflearn import recipes
from selflearn.data import Dataset, read
from selflearn.measures.neighbours import knn_predict
from selflearn.methods.base import Method
from selflearn.recipes import Stage
from selflearn.training import Budget, choose_device, choose_precision, embed, fit, make_optimiser
from selflearn.views import make_views, plain

WARM = 5


@dataclass(frozen=True)
class Case:
    """A network and a method on pictures of one size."""

    recipe: str
    encoder: str
    side: int
    batch: int


CASES = {
    "resnet18-simclr": Case("simclr", "resnet18", 32, 512),
    "resnet18-dino": Case("dino", "resnet18", 32, 512),
    "vit-b-simclr": Case("simclr", "vit-base", 224, 128),
    "vit-b-dino": Case("dino", "vit-base", 224, 64),
    "vit-b-mae": Case("mae", "vit-base", 224, 128),
}


def wait(device: torch.device) -> float:
    """The time, once all that was asked of the device is done."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def prepared(case: Case, dataset: Dataset, steps: int, device: str, **changes: Any) -> tuple[Stage, Method]:
    """The stage and a fresh method."""
    told = {"encoder": case.encoder, "batch": case.batch, "device": device, **changes}
    stage = recipes.load(case.recipe, "small", told, "image").stages[0]
    settings = stage.settings.model_copy(update={"budget": Budget.parse(f"{steps}steps")})
    stage = stage.model_copy(update={"settings": settings})
    encoder = recipes.build_encoder(stage, dataset.spec, 0, accelerator=device != "cpu")
    return stage, recipes.build_method(stage, encoder, 0)


def whole(case: Case, dataset: Dataset, steps: int, device: torch.device, **changes: Any) -> tuple[float, float]:
    """Samples a second from pictures in memory to updates, and the most memory of the device in GiB."""
    stage, method = prepared(case, dataset, steps, str(device), **changes)
    moments: list[float] = []
    after = method.after_update

    def note(progress: float) -> None:
        after(progress)
        if len(moments) == 0 or progress >= 1:  # the device is waited for at the first and the last update alone
            wait(device)
        moments.append(time.perf_counter())

    method.after_update = note  # type: ignore[method-assign]
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    fit(method, dataset, recipes.build_views(stage, dataset.spec), stage.settings, None)
    memory = torch.cuda.max_memory_allocated(device) / 2**30 if device.type == "cuda" else 0.0
    return (len(moments) - 1) * case.batch / (moments[-1] - moments[0]), memory


def bare(case: Case, dataset: Dataset, steps: int, device: torch.device) -> float:
    """Samples a second of the method alone."""
    stage, method = prepared(case, dataset, steps, str(device))
    precision = choose_precision(device, "auto")
    method.to(device).train()
    if precision.channels_last and any(isinstance(module, torch.nn.Conv2d) for module in method.modules()):
        method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = make_optimiser(method, stage.settings.optimiser, case.batch)
    generator = torch.Generator(device).manual_seed(0)
    made = make_views(dataset.batch(np.arange(case.batch)).to(device), recipes.build_views(stage, dataset.spec), generator)
    if precision.channels_last:
        made = [view.replace(values=view.values.contiguous(memory_format=torch.channels_last)) for view in made]
    began = 0.0
    for step in range(steps):
        if step == WARM:
            began = wait(device)
        with torch.autocast(device.type, dtype=precision.dtype, enabled=precision.dtype is not None):
            outcome = method(made, generator)
        optimiser.zero_grad()
        outcome.total.backward()
        optimiser.step()
        method.after_update(step / steps)
    return (steps - WARM) * case.batch / (wait(device) - began)


def minutes_to(path: str, accuracy: float, minutes: float, device: torch.device) -> dict[str, Any]:
    """SimCLR with ResNet-18 on CIFAR-10: minutes until this k-NN accuracy on the test part, looked at twice a minute."""
    dataset = images(path)
    test = test_part(path, dataset)
    stage, method = prepared(CASES["resnet18-simclr"], dataset, 1, str(device))
    settings = stage.settings.model_copy(update={"budget": Budget(minutes * 60, "seconds")})
    after, began, looked, spent = method.after_update, time.perf_counter(), time.perf_counter(), 0.0
    curve: list[tuple[float, float]] = []

    def look(progress: float) -> None:
        nonlocal looked, spent
        after(progress)
        if time.perf_counter() - looked < 30 and progress < 1:
            return
        start = wait(device)
        view = plain(dataset.spec)
        bank, queries = (embed(method.encoder, each, view, device=str(device), batch=2000) for each in (dataset, test))
        method.to(device).train()
        correct = knn_predict(queries, bank, dataset.labels).numpy() == test.labels
        curve.append((round((start - began - spent) / 60, 2), round(float(correct.mean()), 4)))
        print(curve[-1], flush=True)
        looked = time.perf_counter()
        spent += looked - start

    method.after_update = look  # type: ignore[method-assign]
    fit(method, dataset, recipes.build_views(stage, dataset.spec), settings, None)
    return {"curve": curve, f"minutes to {accuracy}": next((when for when, reached in curve if reached >= accuracy), None)}


def main() -> None:
    """Every case, then the time to an accuracy if a file is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, help="instead of each case's own")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--compile", action="store_true", help="also with a compiled encoder")
    parser.add_argument("--data", help="CIFAR-10 as an .npz")
    parser.add_argument("--to", type=float, default=0.847)
    parser.add_argument("--minutes", type=float, default=60.0)
    asked = parser.parse_args()
    device = choose_device(asked.device)
    figures: dict[str, Any] = {"device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)}
    for name in asked.cases:
        case = CASES[name]
        case = Case(case.recipe, case.encoder, case.side, asked.batch or case.batch)
        draw = np.random.default_rng(0)
        pictures = draw.integers(0, 256, (max(4 * case.batch, 64), case.side, case.side, 3), dtype=np.uint8)
        dataset = read(pictures, kind="image", cache=False)
        pace, memory = whole(case, dataset, asked.steps, device)
        limit = bare(case, dataset, asked.steps, device)
        figures[name] = {
            "samples_per_second": round(pace, 1),
            "bare": round(limit, 1),
            "share_of_bare": round(pace / limit, 3),
            "memory_gib": round(memory, 2),
        }
        if asked.compile:
            figures[name]["compiled"] = round(whole(case, dataset, asked.steps, device, compile=True)[0], 1)
        print(name, figures[name], flush=True)
    if asked.data:
        figures["simclr, resnet18, cifar10"] = minutes_to(asked.data, asked.to, asked.minutes, device)
    keep("gpu" if device.type == "cuda" else "gpu-script-on-cpu", figures)


if __name__ == "__main__":
    main()
