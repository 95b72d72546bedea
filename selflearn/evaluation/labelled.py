"""What is measured with labels: k-NN, linear probe, few-label probes, clusters. All features share folds, draws and seeds.

The encoder is measured one fixed way (cosine as it is; centred for few labels). A baseline is given the stronger of two scalings,
chosen inside the training part: never the encoder, so that what is chosen can only make its task harder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from selflearn.data.splits import few_labels as draw
from selflearn.evaluation.parts import Part, Plan, held_out
from selflearn.evaluation.pca import WIDE
from selflearn.evaluation.probes import FITTING_COST, SCALINGS, Pair, affordable, best_strength, few_labels, knn, linear, scale
from selflearn.evaluation.scorecard import Scorecard
from selflearn.evaluation.table import Table
from selflearn.measures.clustering import ari, kmeans, nmi

FEW: dict[str, int | float] = {"1 label a class": 1, "4 labels a class": 4, "16 labels a class": 16, "1 %": 0.01, "10 %": 0.1}
DRAWS_COST = 1e8  # labels x rank x classes of all draws of a measure: where draws are large, fewer are made
FEWEST_DRAWS, CHOOSING_DRAWS = 5, 10
CLUSTER_ROWS = 5000
NEIGHBOUR_WAYS = ("as they are", "centred")


class Labelled:
    """The measures of one data set's labels, part by part.

    Parameters
    ----------
    table : the features.
    labels : (n,) class numbers, -1 unknown.
    plan : who trains and who is measured.
    draws : draws of labels for each few-label measure.
    seeds : k-means starts.
    """

    def __init__(self, table: Table, labels: np.ndarray, plan: Plan, card: Scorecard, seed: int, draws: int, seeds: int) -> None:
        self.table, self.plan, self.card, self.seed, self.draws, self.seeds = table, plan, card, seed, draws, seeds
        self.names = np.unique(labels[labels >= 0])
        self.labels = np.where(labels >= 0, np.searchsorted(self.names, labels), -1)
        self.chosen: Counter[tuple[str, str, str]] = Counter()
        self.too_few: dict[str, None] = {}

    def run(self, tick: Callable[[], None]) -> None:
        """Take all measures and write them on the card; `tick` is called once a part and set of features, and once a clustering."""
        correct: dict[str, dict[str, list[np.ndarray]]] = {"knn": {}, "linear": {}}
        few: dict[str, dict[str, list[np.ndarray]]] = {measure: {} for measure in FEW}
        for number, part in enumerate(self.plan.parts):
            draws = dict(self._draws(part, number))
            chooser = held_out(part.train, self.labels, self.plan.groups, self.seed)
            for name in self.table.names:
                pair = self.table.pair(name, part)
                scaled = {how: scale(*pair, how) for how in SCALINGS}  # once: wide features are costly to shorten
                right = self._neighbours(name, part, pair, chooser), self._linear(name, part, scaled, chooser)
                for measure, values in zip(correct, right, strict=True):
                    correct[measure].setdefault(name, []).append(values)
                for measure, values in self._few(name, part, scaled, draws):
                    few[measure].setdefault(name, []).append(values)
                tick()
        for measure, sets in correct.items():
            for name, each in sets.items():
                self.card.add(name, measure, self.plan.repetitions(each))
        for measure, sets in few.items():
            for name, each in sets.items():
                # draws share their test samples: how those are composed matters too, and the scorecard keeps it apart
                by_sample = self.plan.repetitions([right.mean(0) for right in each])
                self.card.add(name, measure, np.concatenate([right.mean(1) for right in each]), by_sample)
        self._clusters(tick)
        self._say_what_was_chosen()

    def _draws(self, part: Part, number: int) -> Iterator[tuple[str, np.ndarray]]:
        """For each few-label measure that makes sense here, (draws, labelled) positions in the training part."""
        rng = np.random.default_rng([self.seed, number])
        labels = self.labels[part.train]
        members = np.bincount(labels)
        members = members[members > 0]
        for measure, amount in FEW.items():
            enough = np.median(members) > amount if isinstance(amount, int) else amount * len(labels) >= len(members)
            if not enough:
                self.too_few.setdefault(measure, None)
                continue
            few = {"per_class": amount} if isinstance(amount, int) else {"fraction": amount}
            size = len(draw(labels, **few))
            cost = size * min(size, WIDE) * len(members)
            if cost > DRAWS_COST:
                self.card.note(f"{measure}: left out, {size:,} labels of {len(members)} classes take too long to draw often")
                continue
            wanted = min(self.draws, max(FEWEST_DRAWS, int(DRAWS_COST / cost)))
            seeds = rng.integers(2**31, size=-(-wanted // len(self.plan.parts)))
            yield measure, np.stack([draw(labels, **few, seed=int(seed)) for seed in seeds])

    def _neighbours(self, name: str, part: Part, pair: tuple[Tensor, Tensor], chooser: Part | None) -> np.ndarray:
        def right(how: str, train: Tensor, fit: np.ndarray, test: Tensor, check: np.ndarray) -> Tensor:
            return knn(train, self._classes(fit), test, how) == self._classes(check)

        how = NEIGHBOUR_WAYS[0]
        if name != "encoder" and chooser is not None:
            fit, check = np.searchsorted(part.train, chooser.train), np.searchsorted(part.train, chooser.test)
            train = pair[0]
            scores = {
                way: right(way, train[fit], chooser.train, train[check], chooser.test).float().mean() for way in NEIGHBOUR_WAYS
            }
            how = max(NEIGHBOUR_WAYS, key=lambda way: float(scores[way]))
            self.chosen[name, "knn", how] += 1
        return right(how, pair[0], part.train, pair[1], part.test).numpy()

    def _linear(self, name: str, part: Part, scaled: dict[str, Pair], chooser: Part | None) -> np.ndarray:
        labels, classes = self._classes(part.train), len(self.names)
        best, strength, kept = -1.0, 1.0, scaled["standardised"]
        order = np.random.default_rng(self.seed).permutation(len(part.train))
        if chooser is not None:
            fit, check = (order[np.isin(part.train[order], rows)] for rows in (chooser.train, chooser.test))
            for each in scaled.values():
                found, accuracy = best_strength(each[0], labels, classes, fit, check)
                if accuracy > best:
                    best, strength, kept = accuracy, found, each
        rows = order[: affordable(kept[0], classes, FITTING_COST)]
        if len(rows) < len(order):
            self.card.note(f"linear: {len(rows):,} of {len(order):,} training samples are used for {name}, a random subset")
        return (linear(kept[0][rows], labels[rows], kept[1], classes, strength) == self._classes(part.test)).numpy()

    def _few(
        self, name: str, part: Part, scaled: dict[str, Pair], draws: dict[str, np.ndarray]
    ) -> Iterator[tuple[str, np.ndarray]]:
        labels, truth = self._classes(part.train), self._classes(part.test)
        if name == "encoder":
            scaled = {how: scaled[how] for how in SCALINGS[:1]}
        rows = np.random.default_rng(self.seed).permutation(len(labels))[: max(len(truth), 500)]
        for measure, drawn in draws.items():
            how, trial = SCALINGS[0], drawn[: min(CHOOSING_DRAWS, max(2, len(drawn) // 2))]
            if len(scaled) > 1:
                scores = {
                    way: few_labels(train, labels, train[rows], labels[rows], len(self.names), trial).mean()
                    for way, (train, _) in scaled.items()
                }
                how = max(scaled, key=lambda way: float(scores[way]))
                self.chosen[name, measure, how] += 1
            train, test = scaled[how]
            yield measure, few_labels(train, labels, test, truth, len(self.names), drawn)

    def _clusters(self, tick: Callable[[], None]) -> None:
        """NMI and ARI of k-means with as many clusters as classes, on measured rows only."""
        rows = np.concatenate([part.test for part in self.plan.parts])
        rows = np.sort(np.random.default_rng(self.seed).permutation(rows)[:CLUSTER_ROWS])
        for name in self.table.names:
            if len(rows) > 2 * len(self.names):
                values = self.table.whole(name)[rows]
                found = [kmeans(values, len(self.names), seed) for seed in range(self.seed, self.seed + self.seeds)]
                self.card.add(name, "nmi", [nmi(self.labels[rows], clusters) for clusters in found])
                self.card.add(name, "ari", [ari(self.labels[rows], clusters) for clusters in found])
            tick()

    def _classes(self, rows: np.ndarray) -> Tensor:
        return torch.from_numpy(self.labels[rows])

    def _say_what_was_chosen(self) -> None:
        if self.too_few:
            self.card.note(f"{', '.join(self.too_few)}: left out in part or whole, there are too few labels to learn from")
        for name in self.table.names:
            ways: dict[str, list[str]] = {}
            for measure in dict.fromkeys(measure for which, measure, _ in self.chosen if which == name):
                count = Counter(
                    {how: number for (which, what, how), number in self.chosen.items() if (which, what) == (name, measure)}
                )
                ways.setdefault(count.most_common(1)[0][0], []).append(measure)
            if ways:
                said = "; ".join(f"{how} for {', '.join(measures)}" for how, measures in ways.items())
                self.card.note(f"{name} is scaled in the stronger of two ways, judged inside the training part: {said}")
