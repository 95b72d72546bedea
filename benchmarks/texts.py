"""Ten labels a class: frozen encoders of texts beside TF-IDF, under the same logistic regression, on TREC, SST-2 and CLINC150.

python -m benchmarks.texts --data trec sst2 clinc150

The encoder sees the texts of the training part alone, without labels; test texts are never seen before they are scored. Every set
of features, dull ones too, gets the best strength C of one grid, chosen on a fifth of the training part with draws of its own
seeds. `--development` shows these scores alone and touches no test text.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy.sparse import csr_matrix, hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from benchmarks.common import keep
from selflearn import recipes
from selflearn.data import few_labels, read
from selflearn.training import Budget, embed
from selflearn.views import plain

STRENGTHS = (1.0, 10.0, 100.0)
PER_CLASS = 10
LATENT = 100
TUNING = 100  # seeds from here on choose; those below measure
Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Parts:
    """Texts and labels to learn from, and those that are scored."""

    train: list[str]
    labels: np.ndarray
    test: list[str]
    truth: np.ndarray


def load(name: str, development: bool) -> Parts:
    """The training and the test part; for development both are of the training part. Texts of no class are not scored."""
    root = os.environ.get("SELFLEARN_DATA") or sys.exit("SELFLEARN_DATA must name the folder of the data sets")
    with gzip.open(Path(root) / name / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    train, test = ([row for row in rows if row["split"] == part] for part in ("train", "test"))
    if development:
        order = np.random.default_rng(TUNING).permutation(len(train))
        train, test = ([train[row] for row in rows] for rows in (order[len(train) // 5 :], order[: len(train) // 5]))
    test = [row for row in test if row["label"] >= 0]
    (texts, labels), (others, truth) = (
        ([row["text"] for row in part], np.array([row["label"] for row in part])) for part in (train, test)
    )
    return Parts(texts, labels, others, truth)


def dull(parts: Parts) -> dict[str, Pair]:
    """TF-IDF of words, of words and characters, and the latter cut to its leading directions (latent semantic analysis)."""
    words, characters = TfidfVectorizer(), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4))
    first = words.fit_transform(parts.train), words.transform(parts.test)
    second = characters.fit_transform(parts.train), characters.transform(parts.test)
    both = csr_matrix(hstack((first[0], second[0]))), csr_matrix(hstack((first[1], second[1])))
    directions = TruncatedSVD(LATENT, random_state=0).fit(both[0])
    latent = unit(directions.transform(both[0])), unit(directions.transform(both[1]))
    return {"TF-IDF of words": first, "TF-IDF of words and characters": both, f"{LATENT} latent directions": latent}


def learned(parts: Parts, recipe: recipes.Recipe, budget: str, seed: int, reading: dict[str, Any]) -> dict[str, Pair]:
    """Embeddings of both parts by a frozen encoder that learned from the training texts alone, and by its untrained twin."""
    train = read(parts.train, kind="text", more=reading)
    test = read(parts.test, kind="text", like=train.spec)
    found = {}
    for name in ("untrained", "encoder"):
        encoder = recipes.build_encoder(recipe.stages[0], train.spec, seed, accelerator=False)
        if name == "encoder":
            recipes.run_plan(recipe, train, encoder, Budget.parse(budget), seed, device="cpu", precision="32")
        view = plain(train.spec)
        found[name] = centred(embed(encoder, train, view, device="cpu"), embed(encoder, test, view, device="cpu"))
    return found


def unit(values: np.ndarray) -> np.ndarray:
    """Rows of length 1, as TF-IDF's are."""
    length: np.ndarray = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.maximum(length, 1e-12)


def centred(train: np.ndarray, test: np.ndarray) -> Pair:
    """Mean 0 and a mean squared length of 1 over the training part, so that one grid of strengths fits all encoders."""
    mean = train.mean(axis=0)
    scale = np.sqrt(np.square(train - mean).sum(axis=1).mean()) + 1e-12
    return (train - mean) / scale, (test - mean) / scale


def narrowed(train: Any, test: Any) -> Pair:
    """The same features along axes of the training rows, which gives the same regression: its weights lie among those rows."""
    dense = (np.asarray((each @ train.T).todense()) if hasattr(each, "todense") else each @ train.T for each in (train, test))
    gram, crossed = (each.astype(np.float64) for each in dense)
    values, vectors = np.linalg.eigh(gram)
    kept = values > 1e-9 * values[-1]
    axes = vectors[:, kept] / np.sqrt(values[kept])
    return (gram @ axes).astype(np.float32), (crossed @ axes).astype(np.float32)


def score(features: Pair, parts: Parts, strength: float, draws: int, first: int) -> list[float]:
    """Accuracy on the test part, for each draw of ten labelled rows a class."""
    scores = []
    for number in range(draws):
        rows = few_labels(parts.labels, per_class=PER_CLASS, seed=first + number)
        train, test = features[0][rows], features[1]
        if train.shape[1] > len(rows):
            train, test = narrowed(train, test)
        model = LogisticRegression(C=strength, max_iter=300).fit(train, parts.labels[rows])
        scores.append(float(model.score(test, parts.truth)))
    return scores


def develop(name: str, make: Callable[[Parts, int], dict[str, Pair]], draws: int, strengths: tuple[float, ...]) -> dict[str, Any]:
    """Of each set of features its accuracies on the development part by strength, and the best strength."""
    parts = load(name, development=True)
    found: dict[str, Any] = {}
    for which, features in make(parts, TUNING).items():
        scores = {strength: float(np.mean(score(features, parts, strength, draws, TUNING))) for strength in strengths}
        found[which] = {"scores": scores, "best": max(scores, key=lambda strength: scores[strength])}
        print(name, which, found[which], flush=True)
    return found


def measure(
    name: str, make: Callable[[Parts, int], dict[str, Pair]], chosen: dict[str, float], seeds: int, draws: int
) -> dict[str, Any]:
    """Mean and deviation over draws on the test part; an encoder's draws are spread over its seeds."""
    parts = load(name, development=False)
    scores: dict[str, list[float]] = {}
    for seed in range(seeds):
        for which, features in make(parts, seed).items():
            if seed and which not in ("encoder", "untrained"):
                continue
            own = range(draws)[seed::seeds] if which in ("encoder", "untrained") else range(draws)
            for number in own:
                scores.setdefault(which, []).extend(score(features, parts, chosen[which], 1, number))
            print(name, seed, which, np.mean(scores[which]).round(4), flush=True)
    return {
        which: {"accuracy": round(float(np.mean(each)), 4), "deviation": round(float(np.std(each)), 4), "C": chosen[which]}
        for which, each in scores.items()
    }


def main() -> None:
    """Choose on development draws, or measure with what they chose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=["trec", "sst2", "clinc150"])
    parser.add_argument("--recipe", help="by default what `selflearn learn` chooses for texts")
    parser.add_argument("--budget", default="20epochs")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--read", nargs="*", default=[], metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=2, help="of the encoder's learning")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--development", action="store_true", help="only show development scores")
    parser.add_argument("--choosing", type=int, default=5, help="development draws")
    parser.add_argument("--without-dull", action="store_true")
    asked = parser.parse_args()
    changes, reading = (dict(_pair(word) for word in words) for words in (asked.set, asked.read))
    default = recipes.choose("text", 5_000, False, form="short")
    recipe = recipes.load(asked.recipe or default.recipe, "small", changes, kind="text")

    def make(parts: Parts, seed: int) -> dict[str, Pair]:
        beside = {} if asked.without_dull or seed not in (0, TUNING) else dull(parts)
        return {**beside, **learned(parts, recipe, asked.budget, seed, reading)}

    about = {"recipe": recipe.name, "budget": asked.budget, "labels a class": PER_CLASS, "draws": asked.draws}
    for name in asked.data:
        found = develop(name, make, asked.choosing, STRENGTHS)
        if not asked.development:
            chosen = {which: each["best"] for which, each in found.items()}
            keep(f"texts-{name}-{recipe.name}", {**about, **measure(name, make, chosen, asked.seeds, asked.draws)})


def _pair(word: str) -> tuple[str, Any]:
    key, _, value = word.partition("=")
    return key, yaml.safe_load(value)


if __name__ == "__main__":
    main()
