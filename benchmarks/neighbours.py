"""CIFAR-10, the small network: k-NN accuracy (k = 20) after minutes, beside raw pixels, the untrained network, LightlySSL.

python -m benchmarks.neighbours --data cifar10_jpeg.npz --minutes 5 [--peer-python PYTHON --peer-minutes 10] [--recipe simclr]
"""

from __future__ import annotations

import argparse
import json
import subprocess

import numpy as np

from benchmarks.beside import PEER
from benchmarks.common import ENCODERS, images, keep, test_part
from selflearn import networks, recipes, views
from selflearn.data import Dataset
from selflearn.measures.neighbours import knn_predict
from selflearn.training import Budget, calibrate, embed, fit


def score(train: np.ndarray, test: np.ndarray, labels: tuple[np.ndarray, np.ndarray]) -> float:
    """Weighted cosine k-NN accuracy."""
    predicted = np.asarray(knn_predict(test, train, labels[0], k=20))
    return round(float((predicted == labels[1]).mean()), 4)


def learn(train: Dataset, recipe: str, minutes: float, seed: int) -> networks.Encoder:
    """Train the small network for this long."""
    chosen = recipes.load(recipe, "small", {"encoder": ENCODERS["small"]}, "image").stages[0]
    encoder = recipes.build_encoder(chosen, train.spec, seed, False)
    settings = chosen.settings.model_copy(update={"budget": Budget.parse(f"{minutes * 60:g}s"), "seed": seed})
    fit(recipes.build_method(chosen, encoder, seed), train, recipes.build_views(chosen, train.spec), settings, None)
    return encoder


def main() -> None:
    """Ours, the dull baselines, and the peer if its Python is given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--recipe", default="simclr")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--peer-python")
    parser.add_argument("--peer-minutes", type=float, default=10)
    parser.add_argument(
        "--peer-steps", type=int, default=280, help="what it does in that time here: its schedule is laid out for them"
    )
    asked = parser.parse_args()
    train = images(asked.data)
    test = test_part(asked.data, train)
    labels = (train.labels, test.labels)
    plain = views.plain(train.spec)
    untrained = recipes.build_encoder(
        recipes.load(asked.recipe, "small", {"encoder": ENCODERS["small"]}, "image").stages[0], train.spec, 0, False
    )
    calibrate(untrained, train, plain, 0)
    raw = [each.raw(np.arange(len(each))) for each in (train, test)]
    centre = raw[0].mean(0)
    figures = {
        "raw": score(raw[0], raw[1], labels),
        "raw_centred": score(raw[0] - centre, raw[1] - centre, labels),
        "untrained": score(embed(untrained, train, plain), embed(untrained, test, plain), labels),
    }
    encoder = learn(train, asked.recipe, asked.minutes, asked.seed)
    figures[f"selflearn_{asked.recipe}_{asked.minutes:g}min"] = score(
        embed(encoder, train, plain), embed(encoder, test, plain), labels
    )
    print(figures, flush=True)
    if asked.peer_python:
        words = [
            asked.data,
            "--method",
            "simclr",
            "--steps",
            str(asked.peer_steps),
            "--batch",
            "256",
            "--seconds",
            str(asked.peer_minutes * 60),
            "--knn",
        ]
        done = subprocess.run([asked.peer_python, str(PEER), *words], capture_output=True, text=True, check=True)
        figures[f"lightly_simclr_{asked.peer_minutes:g}min"] = json.loads(done.stdout.strip().splitlines()[-1])
    keep(f"neighbours-cifar10-{asked.recipe}-{asked.minutes:g}min", figures)


if __name__ == "__main__":
    main()
