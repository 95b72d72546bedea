import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.images import ImageSpec


@pytest.fixture(scope="session")
def image_spec():
    """Makes the spec of square pictures."""

    def make(channels=3, side=32, mean=0.5, std=0.25):
        return ImageSpec(channels=channels, height=side, width=side, mean=(mean,) * channels, std=(std,) * channels)

    return make


@pytest.fixture(scope="session")
def pictures():
    """Makes a batch of random pictures at unit scale, the same ones each time."""

    def make(samples=2, channels=3, side=32, seed=0):
        values = torch.rand(samples, channels, side, side, generator=torch.Generator().manual_seed(seed))
        return Batch(values, torch.arange(samples), torch.full((samples,), -1))

    return make
