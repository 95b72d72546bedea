"""A tiny world for the trainer: vectors, noisy views, an encoder with batch norm and dropout, a method with a teacher."""

from __future__ import annotations

import copy
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from selflearn.data.batch import Batch
from selflearn.data.dataset import Dataset, Facts
from selflearn.data.spec import Spec
from selflearn.methods.base import Method, Outcome
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features


class VectorSpec(Spec):
    kind: ClassVar[str] = "vectors"
    columns: int = 8


class Vectors(Dataset):
    """Standard normal rows."""

    def __init__(self, samples: int = 64, columns: int = 8) -> None:
        self.values = np.random.default_rng(0).standard_normal((samples, columns)).astype(np.float32)
        self.spec = VectorSpec(columns=columns)
        self.facts = Facts([str(row) for row in range(samples)], np.full(samples, -1))
        self.fingerprint = f"{samples}-{columns}"

    def batch(self, indices):
        rows = np.asarray(indices)
        return Batch(torch.from_numpy(self.values[rows]), torch.from_numpy(rows), torch.full((len(rows),), -1))

    def raw(self, indices):
        return self.values[np.asarray(indices)]

    def picture(self, index, size=64):
        raise LookupError("vectors have no picture")


class VectorEncoder(Encoder):
    """Linear, batch norm, dropout, linear."""

    def __init__(self, columns: int = 8, dim: int = 16) -> None:
        super().__init__()
        self.spec, self.dim, self.settings = VectorSpec(columns=columns), dim, {"name": "vectors"}
        self.net = nn.Sequential(nn.Linear(columns, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, dim))

    def forward(self, batch, mask=None, layers=False):
        return Features(self.net(batch.values))


class Follow(Method):
    """Each view predicts an averaged teacher's code of the other: a joint method with a target that has state, and a dropout."""

    keep: float = 0.9
    scale: float = 1.0

    def build(self):
        self.head = nn.Sequential(nn.Linear(self.encoder.dim, 16), nn.Dropout(0.1), nn.Linear(16, self.encoder.dim))
        self.teacher = copy.deepcopy(self.encoder).requires_grad_(False)

    def forward(self, views, generator):
        codes = [self.head(self.encoder(view).pooled) for view in views]
        with torch.no_grad():
            targets = [self.teacher(view).pooled for view in reversed(views)]
        noise = torch.randn(codes[0].shape, generator=generator)
        loss = sum((code - target + 0.01 * noise).float().square().mean() for code, target in zip(codes, targets, strict=True))
        return Outcome({"follow": self.scale * loss}, codes[0].detach())

    @torch.no_grad()
    def after_update(self, progress):
        for mine, theirs in zip(self.teacher.parameters(), self.encoder.parameters(), strict=True):
            mine.lerp_(theirs, 1 - self.keep)


def noisy(batch: Batch, generator: torch.Generator) -> Batch:
    noise = torch.randn(batch.values.shape, generator=generator, device=batch.device)
    return batch.replace(values=batch.values + 0.3 * noise)


def plain(batch: Batch, generator: torch.Generator) -> Batch:
    return batch


def make_method(seed: int = 0, **options) -> Follow:
    torch.manual_seed(seed)
    return Follow(VectorEncoder(), **options)


class World:
    """What tests make their runs of."""

    Vectors, VectorEncoder, Follow = Vectors, VectorEncoder, Follow
    views = [noisy, noisy]
    noisy, plain, method = staticmethod(noisy), staticmethod(plain), staticmethod(make_method)


@pytest.fixture
def world() -> type[World]:
    return World
