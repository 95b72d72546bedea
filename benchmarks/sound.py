"""Spoken digits of speakers never heard: leave one speaker out, a frozen encoder and a linear probe, beside dull features.

python -m benchmarks.sound [--recipe simclr] [--epochs 3] [--seeds 1]
python -m benchmarks.sound --development ...     (for tuning: another speaker is scored, and the left-out one is not touched)

The encoder of a speaker's score has never heard that speaker. `allowed` is the same with that speaker's recordings, without labels,
among those learned from: one encoder that has heard all. The probe's regularisation is chosen inside the training speakers.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.common import keep
from selflearn import networks, recipes, views
from selflearn.data import Dataset, read, subset
from selflearn.data.sound.spectrum import FLOOR, TINY, Mel, energies, hann, mel_filters, real_frames
from selflearn.evaluation.probes import scale
from selflearn.evaluation.softmax import softmax_regression
from selflearn.training import Budget, calibrate, embed, fit

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
INNER = 1  # training speakers who choose the regularisation


def stacked(dataset: Dataset) -> dict[str, np.ndarray]:
    """Dull features: statistics of log-mel bands, 20 stacked frames, and these without each recording's mean."""
    spec = dataset.spec
    mel = Mel.of(spec.rate)
    window, filters = hann(mel), mel_filters(mel)
    statistics, frames = [], []
    for start in range(0, len(dataset), 256):
        batch = dataset.batch(np.arange(start, min(start + 256, len(dataset))))
        power = energies(batch.values[:, 0].float() / spec.full, mel, window, filters)
        told = torch.log(power + FLOOR * 1e-4 + TINY)  # an absolute floor: nothing here knows a recording's level
        real = real_frames(batch.lengths, batch.values.shape[2], mel)
        for each, kept in zip(told, real, strict=True):
            inside = each[:, kept]
            statistics.append(torch.cat([inside.mean(1), inside.std(1, unbiased=False)]))
            places = torch.linspace(0, inside.shape[1] - 1, 20).round().long()
            frames.append(inside[:, places].flatten())
    raw = dataset.raw(np.arange(len(dataset)))
    without = 20 * mel.bands
    return {
        "log-mel mean and deviation": torch.stack(statistics).numpy(),
        "20 stacked frames": torch.stack(frames).numpy(),
        "20 stacked frames, each recording's mean removed": raw[:, :without],
        "the same with deviations (raw)": raw,
    }


def probe(features: np.ndarray, labels: np.ndarray, speakers: np.ndarray, train: list[int], test: int) -> float:
    """Accuracy on one speaker of a softmax regression on others, its strength chosen by one of them."""
    told, truth = torch.from_numpy(features), torch.from_numpy(labels)
    classes = int(labels.max()) + 1
    right = torch.zeros(len(STRENGTHS))
    for inner in train[:INNER]:
        others = np.isin(speakers, [each for each in train if each != inner])
        right += scores(told, truth, others, speakers == inner, classes, STRENGTHS)
    best = STRENGTHS[int(right.argmax())]
    return float(scores(told, truth, np.isin(speakers, train), speakers == test, classes, (best,))[0])


def scores(
    told: torch.Tensor, truth: torch.Tensor, fitted: np.ndarray, scored: np.ndarray, classes: int, strengths: tuple[float, ...]
) -> torch.Tensor:
    """Accuracy for each strength."""
    train, test = scale(told[fitted], told[scored], "standardised")
    weights, bias = softmax_regression(train, truth[fitted], classes, torch.tensor(strengths), iterations=60)
    predicted = (test @ weights + bias.unsqueeze(1)).argmax(-1)
    return (predicted == truth[scored]).float().mean(1)


def learned(stage: recipes.Stage, dataset: Dataset, heard: np.ndarray, epochs: float, seed: int) -> networks.Encoder:
    """An encoder that has heard these recordings alone."""
    encoder = recipes.build_encoder(stage, dataset.spec, seed, accelerator=False)
    steps = max(2, round(epochs * len(heard) / stage.settings.batch))
    settings = stage.settings.model_copy(update={"budget": Budget.parse(f"{steps}steps"), "seed": seed})
    method = recipes.build_method(stage, encoder, seed)
    fit(method, subset(dataset, heard), recipes.build_views(stage, dataset.spec), settings, None)
    return encoder


def told_by(encoder: networks.Encoder, dataset: Dataset) -> np.ndarray:
    """Frozen features of all recordings."""
    return embed(encoder, dataset, views.plain(dataset.spec))


def rounded(values: list[float]) -> dict[str, Any]:
    """Mean over speakers, and each."""
    return {"mean": round(float(np.mean(values)), 4), "by_speaker": [round(each, 4) for each in values]}


def spoken_digits() -> Dataset:
    """The data set of REFERENCES; exits with one sentence where it is not there."""
    path = Path(os.environ.get("SELFLEARN_DATA", ".")) / "fsdd" / "fsdd.npz"
    if not path.is_file():
        sys.exit(f"{path} is not there: SELFLEARN_DATA must name the folder of the data sets")
    return read(path, kind="sound")


def main() -> None:
    """Dull features, the untrained encoder, and what was learned."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="simclr")
    parser.add_argument("--epochs", type=float, default=3)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--development", action="store_true", help="score the speaker after the left-out one")
    asked = parser.parse_args()
    dataset = spoken_digits()
    speakers, labels = np.asarray(dataset.facts.groups), dataset.labels
    everyone = sorted(set(speakers.tolist()))
    stage = recipes.load(asked.recipe, "small", {}, "sound").stages[0]
    began = time.perf_counter()

    def parts(left: int) -> tuple[list[int], int]:
        """Training speakers, and who is scored."""
        after = [*(each for each in everyone if each > left), *(each for each in everyone if each < left)]
        return (after[1:], after[0]) if asked.development else (after, left)

    def over_speakers(features: np.ndarray) -> list[float]:
        return [probe(features, labels, speakers, *parts(left)) for left in everyone]

    figures: dict[str, Any] = {"recipe": asked.recipe, "epochs": asked.epochs, "encoder": dict(stage.encoder)}
    runs: dict[str, list[list[float]]] = {"never_heard": [], "untrained": [], "allowed": []}

    def write() -> None:
        """Keep what there is: the whole takes a while."""
        for name, each in runs.items():
            if each:
                means = [round(float(np.mean(values)), 4) for values in each]
                figures[name] = {**rounded(np.mean(each, axis=0).tolist()), "by_seed": means}
        figures["seconds"] = round(time.perf_counter() - began)
        if not asked.development:
            keep("sound", figures)

    for seed in range(asked.seeds):
        never, plain = [], []
        for left in everyone:
            train, test = parts(left)
            heard = np.flatnonzero(np.isin(speakers, train))
            encoder = learned(stage, dataset, heard, asked.epochs, seed)
            never.append(probe(told_by(encoder, dataset), labels, speakers, train, test))
            twin = recipes.build_encoder(stage, dataset.spec, seed, accelerator=False)
            calibrate(twin, subset(dataset, heard), views.plain(dataset.spec), seed)
            plain.append(probe(told_by(twin, dataset), labels, speakers, train, test))
            print(f"seed {seed}, speaker {test}: untrained {plain[-1]:.3f}, learned {never[-1]:.3f}", flush=True)
        runs["untrained"].append(plain)
        runs["never_heard"].append(never)
        write()
    figures["dull"] = {name: rounded(over_speakers(features)) for name, features in stacked(dataset).items()}
    write()
    for seed in range(0 if asked.development else asked.seeds):
        encoder = learned(stage, dataset, np.arange(len(dataset)), asked.epochs, seed)
        runs["allowed"].append(over_speakers(told_by(encoder, dataset)))
        write()
    print(figures)


if __name__ == "__main__":
    main()
