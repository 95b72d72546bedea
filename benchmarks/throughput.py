"""Samples a second from raw pictures to weight update, its share of the bare model, and the views' share of a step.

python -m benchmarks.throughput --method simclr --encoder small --data FILE --batch 256 --steps 40 --bare
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from typing import Any

import numpy as np
import torch

from benchmarks.common import bare, images, keep, stage, timed_fit
from selflearn import recipes
from selflearn.data import Dataset
from selflearn.views import make_views


def view_seconds(dataset: Dataset, chosen: recipes.Stage, batch: int) -> float:
    """Median seconds of drawing one batch and making its views."""
    views, generator = recipes.build_views(chosen, dataset.spec), torch.Generator().manual_seed(0)
    took = []
    for number in range(11):
        began = time.perf_counter()
        make_views(dataset.batch(np.random.default_rng(number).permutation(len(dataset))[:batch]), views, generator)
        took.append(time.perf_counter() - began)
    return statistics.median(took[1:])


def main() -> None:
    """Time our training and the bare model in turn, in one process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--method", default="simclr")
    parser.add_argument("--encoder", default="small")
    parser.add_argument("--projector", nargs="+", type=int, help="widths of the projector's layers, instead of the preset's")
    parser.add_argument("--data", required=True)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--warm-up", type=int, default=2, help="steps that are not counted")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--bare", action="store_true", help="also time the bare model, before and after, and the views")
    parser.add_argument("--json", action="store_true", help="end with a line of JSON")
    asked = parser.parse_args()
    dataset = images(asked.data)
    chosen = stage(asked.method, asked.encoder, **({"projector": asked.projector} if asked.projector else {}))
    limits = [bare(chosen, dataset, asked.steps, asked.batch, asked.precision)] if asked.bare else []
    rate, _ = timed_fit(dataset, chosen, asked.steps, asked.batch, asked.precision, asked.warm_up)
    figures: dict[str, Any] = {"samples_per_second": round(rate, 1)}
    if asked.bare:
        limits.append(bare(chosen, dataset, asked.steps, asked.batch, asked.precision))
        limit = sum(limits) / len(limits)
        figures |= {"bare_samples_per_second": [round(each, 1) for each in limits], "share_of_bare": round(rate / limit, 3)}
        figures["views_share_of_step"] = round(view_seconds(dataset, chosen, asked.batch) * rate / asked.batch, 4)
        keep(f"throughput-{asked.method}-{asked.encoder}", figures)
    print(json.dumps(figures) if asked.json else f"{rate:.1f} samples/s")


if __name__ == "__main__":
    main()
