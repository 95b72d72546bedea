"""Graphs: Cora's public split by a linear probe, and the TU sets by their ten folds, beside the dull baselines of the same run.

python -m benchmarks.graphs --part cora --recipes default graph-mae --seeds 3 --steps 300
python -m benchmarks.graphs --part cora --recipes graph-mae --preset published --seeds 5 --steps 1500
python -m benchmarks.graphs --part tu --sets mutag proteins nci1 --recipes default graph-mae --seeds 3
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, StandardScaler

from benchmarks.common import keep
from benchmarks.graph_folds import folds_of
from selflearn import recipes, views
from selflearn.data import Dataset, read
from selflearn.measures.intervals import interval
from selflearn.networks import Encoder
from selflearn.training import Budget, calibrate, embed

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
POOLS = ("sum", "mean", "max")
AIMS = {"default": 0.825, "graph-mae": 0.835}
PUBLISHED = {"mutag": 0.882, "proteins": 0.753, "nci1": 0.804}  # GraphMAE


def place(*parts: str) -> Path:
    """A file of the benchmark data; exits with one sentence where it is not there."""
    path = Path(os.environ.get("SELFLEARN_DATA") or ".", *parts)
    if not path.is_file():
        sys.exit(f"{path} is not there: SELFLEARN_DATA must name the folder of the data sets")
    return path


def learned(
    dataset: Dataset, recipe: str, steps: int, seed: int, preset: str = "small", pools: tuple[str, ...] = ()
) -> dict[str, dict[str, np.ndarray]]:
    """Embeddings of all samples by the recipe's encoder and by its untrained twin, by way of pooling; no label is seen.

    Without `pools` there is one, the encoder's own.
    """
    name = recipe
    if recipe == "default":
        choice = recipes.choose(dataset.spec.kind, len(dataset), accelerator=False, form=dataset.spec.form)
        name, preset = choice.recipe, choice.preset or preset
    chosen = recipes.load(name, preset, {}, dataset.spec.kind)
    encoder = recipes.build_encoder(chosen.stages[0], dataset.spec, seed, accelerator=False)
    outcome = recipes.run_plan(chosen, dataset, encoder, Budget.parse(f"{steps}steps"), seed)
    if outcome.alarm is not None:
        print(f"{recipe}, seed {seed}: {outcome.alarm.kind}", file=sys.stderr)
    untrained = recipes.build_twin(chosen.stages[0], encoder, seed)
    plain = views.plain(dataset.spec)
    calibrate(untrained, dataset, plain, seed)
    return {
        arm: {pool: pooled(each, pool, dataset, plain) for pool in pools or (encoder.settings["pool"],)}
        for arm, each in ((recipe, encoder), (f"untrained of {recipe}", untrained))
    }


def pooled(encoder: Encoder, pool: str, dataset: Dataset, plain: views.View) -> np.ndarray:
    """Embeddings with the nodes of a graph put together in this way, whatever they were learned with."""
    encoder.pool = pool  # type: ignore[assignment]
    return embed(encoder, dataset, plain)


def probe(vectors: np.ndarray, labels: np.ndarray, train: np.ndarray, check: np.ndarray, test: np.ndarray) -> tuple[float, float]:
    """Accuracy on `check` and on `test` of a logistic probe on `train`; scaling and C are those best on `check`."""
    best = (-1.0, 0.0)
    for scaler in (StandardScaler, Normalizer):
        for strength in STRENGTHS:
            model = make_pipeline(scaler(), LogisticRegression(C=strength, max_iter=500)).fit(vectors[train], labels[train])
            score = float(model.score(vectors[check], labels[check]))
            if score > best[0]:
                best = score, float(model.score(vectors[test], labels[test]))
    return best


def cora(names: list[str], steps: int, seeds: list[int], preset: str) -> dict[str, Any]:
    """Test accuracy on the public split for every recipe and baseline; validation nodes choose scaling and C."""
    path = place("cora", "cora.npz")
    dataset = read(path)
    with np.load(path) as archive:
        parts = [archive[f"{part}_idx"].astype(np.int64) for part in ("train", "val", "test")]
        features = archive["features"].astype(np.float32)
    scores: dict[str, list[tuple[float, float]]] = {
        "features alone": [probe(features, dataset.labels, *parts)],
        "features propagated twice": [probe(dataset.raw(np.arange(len(dataset))), dataset.labels, *parts)],
    }
    for seed in seeds:
        for name in names:
            began = time.process_time()
            for arm, found in learned(dataset, name, steps, seed, preset).items():
                (vectors,) = found.values()
                scores.setdefault(arm, []).append(probe(vectors, dataset.labels, *parts))
            print(name, seed, scores[name][-1], f"{time.process_time() - began:.0f} s of processor", flush=True)
    figures = {
        arm: {"validation": summary([check for check, _ in pairs]), "test": summary([test for _, test in pairs])}
        for arm, pairs in scores.items()
    }
    return {
        "preset": preset,
        "steps": steps,
        "seeds": seeds,
        "aims": {name: AIMS[name] for name in names if name in AIMS},
        **figures,
    }


def tu(sets: list[str], names: list[str], steps: int, seeds: list[int], preset: str) -> dict[str, Any]:
    """Accuracy over the ten folds of each set, for every recipe and baseline.

    An encoder's vectors are read alone, and beside the statistics and patterns that are the baseline.
    """
    figures: dict[str, Any] = {"preset": preset, "steps": steps, "seeds": seeds}
    for name in sets:
        path = place("tudataset", f"{name}.npz")
        dataset = read(path)
        with np.load(path) as archive:
            fold = archive["fold"].astype(np.int64)
        raw = dataset.raw(np.arange(len(dataset)))
        scores: dict[str, list[list[float]]] = {}
        for arm, found in folds_of({"raw": raw}, {"statistics and patterns": ("raw",)}, dataset.labels, fold).items():
            scores[arm] = [found]
        for seed in seeds:
            for recipe in names:
                began = time.process_time()
                for arm, vectors in learned(dataset, recipe, steps, seed, preset, POOLS).items():
                    beside = {f"{pool} beside raw": np.concatenate([each, raw], axis=1) for pool, each in vectors.items()}
                    arms = {arm: tuple(vectors), f"{arm}, beside statistics and patterns": tuple(beside)}
                    for read_as, found in folds_of(vectors | beside, arms, dataset.labels, fold).items():
                        scores.setdefault(read_as, []).append(found)
                        print(name, seed, read_as, round(float(np.mean(found)), 4), flush=True)
                print(f"{time.process_time() - began:.0f} s of processor", flush=True)
        figures[name] = {
            "published (GraphMAE)": PUBLISHED.get(name),
            "commonest class": round(float(np.bincount(dataset.labels).max() / len(dataset)), 3),
        }
        figures[name] |= {arm: summary(np.mean(found, axis=0).tolist()) for arm, found in scores.items()}
        print(name, figures[name], flush=True)
    return figures


def summary(values: list[float]) -> dict[str, Any]:
    """Mean and the half-width of its 95 % interval, over seeds or folds."""
    mean, low, high = interval(values)
    known = {"mean": round(mean, 4), "n": len(values)}
    return known if len(values) == 1 else {**known, "interval": [round(low, 4), round(high, 4)]}


def main() -> None:
    """Measure what was asked for and keep it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("cora", "tu"), required=True)
    parser.add_argument("--recipes", nargs="+", default=["default", "graph-mae"])
    parser.add_argument("--sets", nargs="+", default=list(PUBLISHED))
    parser.add_argument("--preset", default="small", help="of the recipes that are named")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", category=UserWarning)
    seeds = list(range(asked.seeds))
    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "cora": lambda: cora(asked.recipes, asked.steps, seeds, asked.preset),
        "tu": lambda: tu(asked.sets, asked.recipes, asked.steps, seeds, asked.preset),
    }
    told = [*(asked.sets if asked.part == "tu" else []), *asked.recipes, *([] if asked.preset == "small" else [asked.preset])]
    keep(f"graphs-{asked.part}-{'-'.join(told)}", parts[asked.part]())


if __name__ == "__main__":
    main()
