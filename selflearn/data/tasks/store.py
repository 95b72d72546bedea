"""The tasks of a prior as a dataset: none is kept, each is drawn again from the seed and its number whenever it is asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from PIL import Image

from selflearn.data.dataset import Dataset, Facts
from selflearn.data.tasks.batch import TaskBatch
from selflearn.data.tasks.drawing import draw_task
from selflearn.data.tasks.priors import Prior
from selflearn.data.tasks.spec import TaskSpec

LOOKED_AT = 512
"""Tasks from which the scales of a prior are taken; they are none of the dataset's."""


class Tasks(Dataset):
    """Tasks drawn from a prior.

    Parameters
    ----------
    prior : what draws them.
    count : how many there are.
    seed : task i is a function of (seed, i) alone, and how many of its targets are known as well: uniform from none to all but one.
    bars : in how many intervals a number is told.
    like : the spec of an encoder's own tasks, whose scales and borders are then kept.
    """

    raw_is: ClassVar[str] = "inputs and targets of all points, one after the other"
    spec: TaskSpec

    def __init__(self, prior: Prior, count: int, seed: int, bars: int, like: TaskSpec | None = None) -> None:
        self.prior, self.seed = prior, seed
        self.spec = _spec(prior, seed, bars) if like is None else like
        self.facts = Facts([f"task-{number}" for number in range(count)], np.full(count, -1, dtype=np.int64))
        content = json.dumps([count, seed, prior.describe(), self.spec.model_dump(mode="json")], sort_keys=True)
        self.fingerprint = hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def batch(self, indices: Sequence[int] | np.ndarray) -> TaskBatch:
        """Tasks of these numbers: inputs, targets, and of how many points the target is known."""
        rows = np.asarray(indices, dtype=np.int64)
        generators = [np.random.default_rng([self.seed, 0, row]) for row in rows.tolist()]
        context = np.array([each.integers(self.prior.points) for each in generators], dtype=np.int64)
        values, targets = self.prior.draw(generators)
        return TaskBatch(
            torch.from_numpy(values.astype(np.float32)),
            torch.from_numpy(rows.copy()),
            torch.full((len(rows),), -1),
            targets=torch.from_numpy(targets.astype(np.int64 if self.spec.classes else np.float32)),
            context=torch.from_numpy(context),
        )

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, points * (features + 1)) float32."""
        batch = self.batch(indices)
        whole = torch.cat([batch.values, batch.targets.float()[..., None]], dim=2)
        return whole.flatten(1).numpy()

    def picture(self, index: int, size: int = 64) -> Image.Image:
        """Points: a number's target over the first feature, or classes as colours over the first two."""
        batch = self.batch([index])
        return draw_task(batch.values[0].numpy(), batch.targets[0].numpy(), self.spec.classes, size)


def _spec(prior: Prior, seed: int, bars: int) -> TaskSpec:
    """Scales and borders from some tasks of the prior."""
    values, targets = prior.draw([np.random.default_rng([seed, 1, number]) for number in range(LOOKED_AT)])
    flat = values.reshape(-1, prior.features)
    scales = {"mean": tuple(flat.mean(0).tolist()), "std": tuple(flat.std(0).tolist())} if prior.fixed_scale else {}
    borders = () if prior.classes else tuple(np.unique(np.quantile(targets, np.linspace(0, 1, bars + 1))).tolist())
    return TaskSpec(
        features=prior.features, classes=prior.classes, points=prior.points, borders=borders, prior=prior.describe(), **scales
    )
