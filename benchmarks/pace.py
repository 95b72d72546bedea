"""For each kind of data: seconds from the command to the first update, and samples/s as a share of the bare model.

python -m benchmarks.pace [--kinds sound text] [--steps 40]

The first number is a whole `selflearn learn` in a process of its own: imports, recognition, reading and set-up included. The
second divides the pace of learning (raw samples to weight update) by that of the same method on views already made, in turn.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common import keep, stamp
from benchmarks.kinds import Sample, each
from selflearn import recipes
from selflearn.data import BatchStream, Dataset
from selflearn.recipes import Stage
from selflearn.training import Budget, choose_device, choose_precision, fit, make_optimiser
from selflearn.views import make_views

HELD = 4  # batches of ready views that the bare model goes round


def first_update(sample: Sample) -> float:
    """Seconds from starting the command to the first row of its metrics, of which the first update writes one."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        words = [sys.executable, "-m", "selflearn", "learn", sample.place(), "--budget", "3steps", "--out", str(out)]
        words += ["--kind", sample.options["kind"]] if "kind" in sample.options else []
        began = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        metrics = out / "metrics.jsonl"
        while process.poll() is None and not (metrics.exists() and metrics.stat().st_size):
            time.sleep(0.02)
        took = time.perf_counter() - began
        process.kill()
        process.wait()
        if not metrics.exists():
            sys.exit(f"{sample.source}: the command ended without an update")
    return took


def learning(dataset: Dataset, stage: Stage, steps: int) -> float:
    """Samples a second from raw samples to weight update."""
    encoder = recipes.build_encoder(stage, dataset.spec, 0, accelerator=False)
    method = recipes.build_method(stage, encoder, 0)
    moments = stamp(method)
    settings = stage.settings.model_copy(update={"budget": Budget.parse(f"{steps}steps")})
    outcome = fit(method, dataset, recipes.build_views(stage, dataset.spec), settings, None)
    return (len(moments) - 2) * outcome.batch / (moments[-1] - moments[1])


def bare(dataset: Dataset, stage: Stage, steps: int, batch: int) -> float:
    """Samples a second of forward, backward and update alone, at the precision learning has here, on views already made."""
    method = recipes.build_method(stage, recipes.build_encoder(stage, dataset.spec, 0, accelerator=False), 0).train()
    precision = choose_precision(choose_device("cpu"), "auto")
    optimiser = make_optimiser(method, stage.settings.optimiser, batch)
    generator = torch.Generator().manual_seed(0)
    kinds = recipes.build_views(stage, dataset.spec)
    stream = iter(BatchStream(len(dataset), batch, seed=0))
    if precision.channels_last and any(isinstance(module, torch.nn.Conv2d) for module in method.modules()):
        method.to(memory_format=torch.channels_last)
    ready = []
    for _ in range(HELD):
        seen = make_views(dataset.batch(np.array(next(stream))), kinds, generator)
        ready.append([_laid_out(view) if precision.channels_last else view for view in seen])
    moments = []
    for step in range(steps):
        with torch.autocast("cpu", dtype=precision.dtype, enabled=precision.dtype is not None):
            outcome = method(ready[step % HELD], generator)
        optimiser.zero_grad()
        outcome.total.backward()
        optimiser.step()
        method.after_update(step / steps)
        moments.append(time.perf_counter())
    return (steps - 2) * batch / (moments[-1] - moments[1])


def _laid_out(view: Any) -> Any:
    if view.values.ndim == 4 and view.values.is_floating_point():
        return view.replace(values=view.values.contiguous(memory_format=torch.channels_last))
    return view


def measure(sample: Sample, recipe: str | None, steps: int, rounds: int) -> dict[str, Any]:
    """Both numbers of one kind, by its default recipe."""
    dataset = sample.read()
    if recipe is None:
        choice = recipes.choose(dataset.spec.kind, len(dataset), False, form=dataset.spec.form)
        recipe, preset = choice.recipe, choice.preset
    else:
        preset = "small"
    stage = recipes.load(recipe, preset, kind=dataset.spec.kind).stages[0]
    batch = min(stage.settings.batch, len(dataset) // 2)
    stage = stage.model_copy(update={"settings": stage.settings.model_copy(update={"batch": batch})})
    paces = [(learning(dataset, stage, steps), bare(dataset, stage, steps, batch)) for _ in range(rounds)]
    return {
        "recipe": recipe,
        "batch": batch,
        "samples_per_second": round(statistics.median(ours for ours, _ in paces), 1),
        "bare": round(statistics.median(limit for _, limit in paces), 1),
        "share_of_bare": round(statistics.median(ours / limit for ours, limit in paces), 3),
        "seconds_to_first_update": round(first_update(sample), 2),
    }


def main() -> None:
    """Measure the kinds asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="*")
    parser.add_argument("--recipe", help="one recipe for all, instead of each kind's default")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    figures: dict[str, Any] = {}

    def run(name: str, sample: Sample) -> None:
        figures[name] = measure(sample, asked.recipe, asked.steps, asked.rounds)
        print(name, figures[name], flush=True)

    each(asked.kinds, run)
    keep("pace" + (f"-{'-'.join(asked.kinds)}" if asked.kinds else ""), figures)


if __name__ == "__main__":
    main()
