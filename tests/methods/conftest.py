"""Digits and sentences, narrow encoders and views, small enough for every method to be tried in a second."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from selflearn import networks, views
from selflearn.data import read
from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageSpec
from selflearn.data.questions import Asked

LABELLED = slice(0, 1000)


class Digits:
    """scikit-learn's digits as raw batches, with encoders and views that fit them."""

    def __init__(self) -> None:
        values, labels = load_digits(return_X_y=True)
        self.values = torch.from_numpy(values / 16 * 255).round().to(torch.uint8).reshape(-1, 1, 8, 8)
        self.labels = torch.from_numpy(labels).long()
        self.spec = ImageSpec(channels=1, height=8, width=8, low=0, high=255, mean=(0.305,), std=(0.376,), colour=False)

    def batch(self, rows: torch.Tensor) -> Batch:
        return Batch(self.values[rows], rows, self.labels[rows])

    def encoder(self, name: str = "resnet-narrow", **options) -> networks.Encoder:
        small = {"width": 8} if name == "resnet-narrow" else {"width": 32, "depth": 2, "heads": 2}
        return networks.build(self.spec, name, **{**small, **options})

    def views(self, rows: torch.Tensor, generator: torch.Generator, name: str = "standard", **options) -> list[Batch]:
        return views.make_views(self.batch(rows), views.build(self.spec, name, **options), generator)

    @torch.no_grad()
    def embed(self, encoder: networks.Encoder) -> torch.Tensor:
        encoder.eval()
        plain = views.plain(self.spec)(self.batch(torch.arange(len(self.values))), torch.Generator())
        embedding = encoder(plain).pooled
        encoder.train()
        return embedding


@pytest.fixture(scope="session")
def digits() -> Digits:
    return Digits()


class Sentences:
    """The first sentences of NumPy's own documentation as raw batches, labelled by the module they are from."""

    def __init__(self) -> None:
        told: dict[str, str] = {}
        for module in (np.linalg, np.random, np.fft, np.ma, np):
            for name in sorted(dir(module)):
                if words := " ".join((getattr(module, name).__doc__ or "").split("\n\n")[0].split()):
                    told.setdefault(words, module.__name__)
        texts = [each for each in told if 4 <= len(each.split()) <= 30][:400]
        self.data = read(texts, kind="text", labels=[told[each] for each in texts], more={"vocabulary": 512})
        self.spec, self.labels = self.data.spec, torch.from_numpy(self.data.labels)

    def batch(self, rows: torch.Tensor) -> Batch:
        return self.data.batch(np.asarray(rows))

    def encoder(self, name: str = "bag", **options) -> networks.Encoder:
        small = {"width": 16, "lexical": 64} if name == "bag" else {"width": 32, "depth": 2, "heads": 2, "dropout": 0.0}
        return networks.build(self.spec, name, **{**small, **options})

    def views(self, rows: torch.Tensor, generator: torch.Generator, name: str = "standard", **options) -> list[Batch]:
        return views.make_views(self.batch(rows), views.build(self.spec, name, **options), generator)


class Scans:
    """The digits as series: eight channels, one a row of pixels, scanned from left to right."""

    def __init__(self) -> None:
        values, labels = load_digits(return_X_y=True)
        self.data = read(values.reshape(-1, 8, 8).astype(np.float32), kind="series", labels=labels)
        self.spec, self.labels = self.data.spec, torch.from_numpy(self.data.labels)

    def batch(self, rows: torch.Tensor) -> Batch:
        return self.data.batch(np.asarray(rows))

    def encoder(self, name: str = "patches", **options) -> networks.Encoder:
        return networks.build(self.spec, name, **{"width": 32, "depth": 2, "heads": 2, "patch": 1, **options})

    def views(self, rows: torch.Tensor, generator: torch.Generator, name: str = "standard", **options) -> list[Batch]:
        return views.make_views(self.batch(rows), views.build(self.spec, name, **options), generator)


class Drawn:
    """Tasks of a Gaussian process."""

    def __init__(self) -> None:
        self.data = read("prior:gp", more={"points": 12, "bars": 8, "tasks": 500})
        self.spec = self.data.spec

    def batch(self, rows: torch.Tensor) -> Batch:
        return self.data.batch(np.asarray(rows))

    def encoder(self, name: str = "set-transformer", **options) -> networks.Encoder:
        return networks.build(self.spec, name, **{"width": 32, "depth": 2, "heads": 2, **options})

    def views(self, rows: torch.Tensor, generator: torch.Generator, name: str = "standard", **options) -> list[Batch]:
        return views.make_views(self.batch(rows), views.build(self.spec, name, **options), generator)


@pytest.fixture(scope="session")
def tasks() -> Drawn:
    return Drawn()


class Papers:
    """Nodes of one graph: two communities of 30 whose words lean one way or the other, with the views that ask about them."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        side = np.repeat([0, 1], 30)
        joined = rng.random((60, 60)) < np.where(side[:, None] == side, 0.2, 0.02)
        words = (rng.random((60, 40)) < np.where((np.arange(40) < 20) == side[:, None], 0.2, 0.05)).astype(np.float32)
        self.data = read({"edges": np.stack(np.nonzero(np.triu(joined, 1))), "features": words, "labels": side})
        self.spec, self.labels = self.data.spec, torch.from_numpy(self.data.labels)

    def batch(self, rows: torch.Tensor) -> Batch:
        return self.data.batch(np.asarray(rows))

    def encoder(self, name: str = "gcn", **options) -> networks.Encoder:
        return networks.build(self.spec, name, **{"width": 16, **options})

    def views(self, rows: torch.Tensor, generator: torch.Generator, name: str = "standard", **options) -> list[Batch]:
        return views.make_views(self.batch(rows), views.build(self.spec, name, **options), generator)

    def ask(self, names: tuple[str, ...], seed: int = 0) -> list[Batch]:
        return self.views(torch.arange(60), torch.Generator().manual_seed(seed), "questions", ask=names)

    def asked(self, names: tuple[str, ...]) -> dict[str, Asked]:
        return views.asked(self.spec, 2, "questions", ask=names)


@pytest.fixture(scope="session")
def papers() -> Papers:
    return Papers()


@pytest.fixture(scope="session")
def scans() -> Scans:
    return Scans()


@pytest.fixture(scope="session")
def sentences() -> Sentences:
    return Sentences()
