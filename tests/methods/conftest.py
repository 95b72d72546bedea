"""Digits, a narrow encoder and views, small enough for every method to be tried in a second."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits

from selflearn import networks, views
from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageSpec

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
