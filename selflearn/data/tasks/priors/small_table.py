"""Small tables as they might be: columns that causes, noise and one another have made, and a target that hangs on some of them.

A guess at what people's tables have in common, in the manner of the priors over structural causal models and Bayesian networks of
Mueller et al., "Transformers Can Do Bayesian Inference", 2022, and Hollmann et al., "TabPFN", 2023; the numbers are ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field, field_validator

from selflearn.data.tasks.priors.base import Prior

Generator = np.random.Generator
BENDS: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    np.tanh,
    lambda x: np.maximum(x, 0),
    lambda x: x,
    np.abs,
    np.sin,
    lambda x: (x > 0).astype(np.float64),
)
CAUSAL, ADDED, RULES = 0.5, 0.75, 1.0
"""Up to where each way to make a table reaches, of a number drawn from [0, 1)."""


class SmallTable(Prior):
    """Columns and a target from a random causal network, a sum of bent columns, or a few rules of thresholds.

    Columns may be skewed, rounded to a few levels, or yes and no; the target has noise, hardly any or as much as signal.

    Attributes
    ----------
    features : most columns; each task has its own number of them.
    classes : most classes; 0 for a target that is a number, at mean 0 and deviation 1.
    """

    name: ClassVar[str] = "table"
    fixed_scale: ClassVar[bool] = False

    points: Annotated[int, Field(ge=4, le=4096)] = 128
    features: Annotated[int, Field(ge=1, le=256)] = 24
    classes: Annotated[int, Field(ge=0, le=20)] = 4

    @field_validator("classes")
    @classmethod
    def _several(cls, classes: int) -> int:
        if classes == 1:
            raise ValueError("is 0 for numbers, or at least 2")
        return classes

    def draw(self, generators: Sequence[Generator]) -> tuple[np.ndarray, np.ndarray]:
        drawn = [self._task(each) for each in generators]
        return np.stack([values for values, _ in drawn]), np.stack([targets for _, targets in drawn])

    def _task(self, random: Generator) -> tuple[np.ndarray, np.ndarray]:
        columns = min(self.features, int(np.exp(random.uniform(np.log(2), np.log(self.features + 1)))))
        count = 0 if not self.classes else 2 if random.random() < 0.5 else int(random.integers(2, self.classes + 1))
        apart = count > 2 and random.random() < 0.5  # classes that have a score each, and are not steps of one number
        scores_wanted = count if apart else 1
        way = random.random()
        make = _causal if way < CAUSAL else _added if way < ADDED else _rules
        table, scores = make(random, self.points, columns, scores_wanted)
        noise = np.exp(random.uniform(np.log(0.02), np.log(1.0)))
        scores = _standard(scores) + noise * random.normal(size=scores.shape)
        values = np.zeros((self.points, self.features))
        values[:, random.permutation(self.features)[:columns]] = np.stack([_shaped(random, column) for column in table.T], axis=1)
        if not count:
            return values, _standard(_stretched(random, scores[:, 0]))
        return values, _classes(random, scores, count, apart)


def _causal(random: Generator, points: int, columns: int, scores: int) -> tuple[np.ndarray, np.ndarray]:
    """A network of nodes: causes at its top, each layer made of the one before and noise; columns and scores are nodes of it."""
    width, depth = int(random.integers(columns + scores, 2 * (columns + scores) + 2)), int(random.integers(2, 5))
    bend, sparse = BENDS[random.integers(len(BENDS))], random.uniform(0.0, 0.8)
    causes = int(random.integers(1, columns + 1))
    layer = random.normal(size=(points, causes)) * np.exp(0.5 * random.normal(size=causes)) + random.normal(size=causes)
    noise = np.exp(random.uniform(np.log(0.01), np.log(0.5)))
    layers = [layer] if random.random() < 0.5 else []
    for _ in range(depth):
        weights = random.normal(size=(layer.shape[1], width)) * (random.random((layer.shape[1], width)) >= sparse)
        layer = bend(_standard(layer @ weights) + 0.5 * random.normal(size=width))
        layer = layer + noise * random.normal(size=layer.shape)
        layers.append(layer)
    nodes = np.concatenate(layers, axis=1)
    last = nodes.shape[1] - width
    told = last + random.permutation(width)[:scores]
    others = np.setdiff1d(np.arange(nodes.shape[1]), told)
    if random.random() < 0.3:  # columns that are causes first, and their effects after them
        others = np.concatenate([others[: columns // 2], random.permutation(others[columns // 2 :])])
    else:
        others = random.permutation(others)
    return nodes[:, others[:columns]], nodes[:, told]


def _related(random: Generator, points: int, columns: int) -> np.ndarray:
    """(points, columns) normal columns, related by a few common factors."""
    factors = int(random.integers(1, columns + 1))
    share = random.uniform(0, 0.95)
    common = _standard(random.normal(size=(points, factors)) @ random.normal(size=(factors, columns)))
    return np.sqrt(share) * common + np.sqrt(1 - share) * random.normal(size=(points, columns))


def _relevance(random: Generator, columns: int) -> np.ndarray:
    """(columns,) how much each counts: from all alike to few."""
    return random.permutation(np.exp(-random.uniform(0, 3) * np.arange(columns) / np.sqrt(columns)))


def _added(random: Generator, points: int, columns: int, scores: int) -> tuple[np.ndarray, np.ndarray]:
    """A sum of columns, each bent in its own way, and perhaps of products of some."""
    table = _related(random, points, columns)
    bent, straight = table.copy(), random.random() < 0.4
    for column in range(columns):
        if not straight:
            bend = BENDS[random.integers(len(BENDS))]
            bent[:, column] = bend(np.exp(0.5 * random.normal()) * table[:, column] + random.normal())
    weights = random.normal(size=(columns, scores)) * _relevance(random, columns)[:, None]
    told = _standard(bent) @ weights
    if random.random() < 0.4:
        first, second = random.integers(columns, size=(2, 3))
        told = _standard(told) + random.uniform(0, 1) * (table[:, first] * table[:, second]) @ random.normal(size=(3, scores))
    return table, told


def _rules(random: Generator, points: int, columns: int, scores: int) -> tuple[np.ndarray, np.ndarray]:
    """A sum of rules, each of which adds something where one to four columns lie beyond thresholds."""
    table = _related(random, points, columns)
    chance = _relevance(random, columns)
    told = np.zeros((points, scores))
    for _ in range(int(random.integers(1, 25))):
        used = random.choice(columns, size=min(columns, int(random.integers(1, 5))), replace=False, p=chance / chance.sum())
        beyond = (table[:, used] - random.normal(size=len(used))) * random.choice([-1.0, 1.0], size=len(used)) > 0
        told += beyond.all(axis=1)[:, None] * random.normal(size=scores)
    return table, told


def _shaped(random: Generator, column: np.ndarray) -> np.ndarray:
    """A column as tables have them: as it is, skewed, of few levels, or yes and no."""
    column = _standard(column)
    way = random.random()
    if way < 0.4:
        return column
    if way < 0.6:
        return np.exp(np.clip(random.uniform(0.3, 1.5) * random.choice([-1.0, 1.0]) * column, -6, 6))
    if way < 0.8:
        return np.round(column * random.uniform(0.5, 4))
    return (column > random.normal()).astype(np.float64)


def _stretched(random: Generator, target: np.ndarray) -> np.ndarray:
    """Numbers of which some have a long tail."""
    return np.exp(np.clip(random.uniform(0.2, 1.0) * _standard(target), -4, 4)) if random.random() < 0.4 else target


def _classes(random: Generator, scores: np.ndarray, count: int, apart: bool) -> np.ndarray:
    """Classes by the highest score, or as steps of one; their numbers tell nothing."""
    if apart:
        found = (_standard(scores) + 0.7 * random.normal(size=count)).argmax(1)
    else:
        shares = random.dirichlet(np.full(count, 3.0)).cumsum()[:-1]
        found = np.searchsorted(np.quantile(scores[:, 0], shares), scores[:, 0])
    return random.permutation(count)[found].astype(np.int64)


def _standard(values: np.ndarray) -> np.ndarray:
    """Mean 0 and deviation 1 along the first axis; what does not vary is 0."""
    values = values - values.mean(0)
    deviation = values.std(0)
    scaled: np.ndarray = values / np.where(deviation > 1e-9, deviation, 1.0)
    return scaled
