"""ETTh1: a frozen encoder and one ridge regression a horizon, beside the same regression on the raw look-back window.

python -m benchmarks.series_forecast [--seeds 0 1 2] [--steps 300] [--horizons 24 48 168 336 720]

The usual division: 8,640 rows to learn from, 2,880 to choose the ridge's strength, 2,880 to measure; all seven series, each
standardised by the first part. Every forecast sees LOOK_BACK steps; each series of it is brought to its own mean 0 and deviation 1,
the regression (the same for all series) forecasts on that scale, and errors are taken on the standardised scale.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from benchmarks.common import keep, kept, settings_of
from selflearn import networks, recipes
from selflearn.data import read
from selflearn.data.batch import Batch
from selflearn.training import Budget

LOOK_BACK = 336
PARTS = {"learn": (0, 8_640), "choose": (8_640, 11_520), "measure": (11_520, 14_400)}
EVERY = {"learn": 4, "choose": 4, "measure": 1}  # windows that begin so many steps apart
STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0)
REFERENCE = {24: 0.322, 48: 0.354, 168: 0.419, 336: 0.445, 720: 0.487}
CHANGES: dict[str, Any] = {"encoder": {"width": 32}, "batch": 32}
EPSILON = 1e-5

Features = Callable[[Tensor], Tensor]  # (windows, series, LOOK_BACK) to (windows, series, features)


def table() -> pd.DataFrame:
    """The file as it was published."""
    root = os.environ.get("SELFLEARN_DATA")
    found = sorted(Path(root or ".", "ett").glob("ETTh1*.csv*")) if root else []
    if not found:
        sys.exit("ett/ETTh1.csv is not there: SELFLEARN_DATA must name the folder of the data sets")
    return pd.read_csv(found[0])


def standardised(rows: pd.DataFrame) -> np.ndarray:
    """(steps, series) by mean and deviation of the part that is learned from."""
    values = rows.drop(columns="date").to_numpy(np.float64)
    first = values[slice(*PARTS["learn"])]
    return (values - first.mean(0)) / first.std(0)


def windows(values: np.ndarray, part: str, horizon: int) -> tuple[Tensor, Tensor]:
    """What is seen (windows, series, LOOK_BACK) and what follows (windows, series, horizon), as float32.

    The part's first forecast begins with its first step; what is seen may lie before it, but of the first part.
    """
    begin, end = PARTS[part]
    origins = np.arange(max(begin, LOOK_BACK), end - horizon + 1, EVERY[part])
    seen = np.stack([values[origin - LOOK_BACK : origin].T for origin in origins])
    follows = np.stack([values[origin : origin + horizon].T for origin in origins])
    return torch.from_numpy(seen).float(), torch.from_numpy(follows).float()


def scale(seen: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each series of each window, (windows, series, 1)."""
    return seen.mean(2, keepdim=True), (seen.var(2, keepdim=True, correction=0) + EPSILON).sqrt()


def raw(seen: Tensor) -> Tensor:
    """The window itself at its own scale."""
    mean, spread = scale(seen)
    return (seen - mean) / spread


def tokens(encoder: networks.Encoder) -> Features:
    """All tokens of a series, end to end: what a frozen encoder says of it.

    Read before the last norm, which brings all tokens to one length: how far a series moves in a patch would be lost to a linear
    reader. (The authors' batch norms keep it.)
    """

    @torch.no_grad()
    def told(seen: Tensor) -> Tensor:
        encoder.eval()
        found = []
        for part in seen.split(128):
            number = torch.arange(len(part))
            layers = encoder(Batch(part, number, number), layers=True).layers
            found.append(layers[-1].unflatten(1, (part.shape[1], -1)).flatten(2))
        return torch.cat(found)

    return told


def ridge(values: np.ndarray, features: Features, horizons: list[int]) -> dict[int, float]:
    """Mean squared error on the measured part for each horizon; the strength is chosen on the part before it."""
    found: dict[int, float] = {}
    known: dict[str, Tensor] = {}
    for part in PARTS:  # the shortest horizon has all the windows that any other has
        known[part] = features(windows(values, part, min(horizons))[0])
    for horizon in horizons:
        rows: dict[str, tuple[Tensor, Tensor, Tensor, Tensor]] = {}
        for part in PARTS:
            seen, follows = windows(values, part, horizon)
            mean, spread = scale(seen)
            rows[part] = known[part][: len(seen)].flatten(0, 1), (follows - mean) / spread, follows, torch.stack([mean, spread])
        inputs, wanted = rows["learn"][0], rows["learn"][1].flatten(0, 1)
        centre, level = inputs.mean(0), wanted.mean(0)
        size = inputs.std(0) + 1e-6
        design = ((inputs - centre) / size).double()
        sizes, axes = torch.linalg.eigh(design.T @ design)
        product = axes.T @ (design.T @ (wanted - level).double())

        def errors(part: str, weights: Tensor, rows=rows, centre=centre, size=size, level=level) -> float:
            told, _, follows, (mean, spread) = rows[part]
            forecast = ((told - centre) / size) @ weights + level
            return float((forecast.unflatten(0, follows.shape[:2]) * spread + mean - follows).square().mean())

        made = [(axes @ (product / (sizes + strength)[:, None])).float() for strength in STRENGTHS]
        best = min(made, key=lambda weights: errors("choose", weights))
        found[horizon] = round(errors("measure", best), 4)
    return found


def naive(values: np.ndarray, horizons: list[int]) -> dict[str, dict[int, float]]:
    """Forecasts without a regression: the last value, the window's mean, the last day and the last week again."""
    rules: dict[str, Callable[[Tensor, int], Tensor]] = {
        "last value": lambda seen, horizon: seen[..., -1:].expand(-1, -1, horizon),
        "mean": lambda seen, horizon: seen.mean(2, keepdim=True).expand(-1, -1, horizon),
        "last day": lambda seen, horizon: seen[..., -24:].repeat(1, 1, -(-horizon // 24))[..., :horizon],
        "last week": lambda seen, horizon: seen[..., -168:].repeat(1, 1, -(-horizon // 168))[..., :horizon],
    }
    found: dict[str, dict[int, float]] = {name: {} for name in rules}
    for horizon in horizons:
        seen, follows = windows(values, "measure", horizon)
        for name, rule in rules.items():
            found[name][horizon] = round(float((rule(seen, horizon) - follows).square().mean()), 4)
    return found


def learned(rows: pd.DataFrame, seed: int, steps: int) -> tuple[networks.Encoder, networks.Encoder]:
    """PatchTST's masked learning on windows of the first part; the encoder and its untrained twin."""
    dataset = read(rows.iloc[slice(*PARTS["learn"])], kind="series", more={"window": LOOK_BACK, "stride": 8}, cache=False)
    recipe = recipes.load("patchtst", "small", CHANGES, "series")
    encoder = recipes.build_encoder(recipe.stages[0], dataset.spec, seed, accelerator=False)
    recipes.run_plan(recipe, dataset, encoder, Budget.parse(f"{steps}steps"), seed, device="cpu", precision="32")
    return encoder, recipes.build_twin(recipe.stages[0], encoder, seed)


def main() -> None:
    """Baselines, then each seed; kept after each."""
    parser = argparse.ArgumentParser(description="ETTh1: frozen encoder and ridge.")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--horizons", nargs="*", type=int, default=list(REFERENCE))
    asked = parser.parse_args()
    rows = table()
    values = standardised(rows)
    stage = recipes.load("patchtst", "small", CHANGES, "series").stages[0]
    figures = kept("series-etth1", {**settings_of(stage, asked.steps), "horizons": asked.horizons})
    if "ridge on raw" not in figures:
        figures |= {
            "look-back": LOOK_BACK,
            "scaling": "series standardised by the learning part; windows by their own mean and deviation, undone before errors",
            "reference": REFERENCE,
            "ridge on raw": ridge(values, raw, asked.horizons),
            **naive(values, asked.horizons),
            "encoder": {},
            "untrained": {},
        }
        print(figures, flush=True)
    for seed in asked.seeds:
        if str(seed) in figures["encoder"]:
            continue
        for kind, encoder in zip(("encoder", "untrained"), learned(rows, seed, asked.steps), strict=True):
            figures[kind][str(seed)] = ridge(values, tokens(encoder), asked.horizons)
        figures["encoder, mean"] = _mean(figures["encoder"], asked.horizons)
        figures["untrained, mean"] = _mean(figures["untrained"], asked.horizons)
        figures["encoder over reference"] = {
            each: round(figures["encoder, mean"][each] / REFERENCE[each], 3) for each in asked.horizons if each in REFERENCE
        }
        keep("series-etth1", figures)


def _mean(by_seed: dict[str, dict[Any, float]], horizons: list[int]) -> dict[int, float]:
    """Over seeds; those that were kept have their horizons as words."""
    told = [{int(each): value for each, value in found.items()} for found in by_seed.values()]
    return {each: round(float(np.mean([found[each] for found in told])), 4) for each in horizons}


if __name__ == "__main__":
    main()
