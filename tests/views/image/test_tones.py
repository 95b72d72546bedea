"""Solarise and posterise against Pillow's ImageOps; noise against its stated distribution."""

import math

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.views.drawn import DrawnView
from selflearn.views.image import Noise, Posterise, Solarise

BYTES = np.arange(256, dtype=np.uint8).reshape(16, 16)


def scale(samples: int = 1, channels: int = 1) -> Batch:
    """Every byte once, at the unit scale."""
    values = (torch.from_numpy(BYTES) / 255).expand(samples, channels, 16, 16)
    return Batch(values, torch.arange(samples), torch.full((samples,), -1))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("threshold", [0, 100, 128, 255])
def test_solarise_equals_pillow(threshold: int) -> None:
    result = Solarise(threshold / 255, probability=1)(scale(), generator()).values[0, 0] * 255
    assert np.allclose(result.numpy(), np.asarray(ImageOps.solarize(Image.fromarray(BYTES), threshold)), atol=1e-3)


@pytest.mark.parametrize("bits", range(1, 9))
def test_posterise_equals_pillow(bits: int) -> None:
    result = Posterise(bits, probability=1)(scale(), generator()).values[0, 0] * 255
    assert np.allclose(result.numpy(), np.asarray(ImageOps.posterize(Image.fromarray(BYTES), bits)), atol=1e-3)


def test_noise_has_the_deviation_asked_for_and_stays_in_range() -> None:
    grey = scale(200).replace(values=torch.full((200, 3, 16, 16), 0.5))
    view = Noise((0.05, 0.05), probability=0.5)(grey, generator())
    deviation = view.changes["noise"].flatten(1).std(dim=1)
    noisy = deviation > 0
    assert abs(noisy.float().mean() - 0.5) < 4 * math.sqrt(0.25 / 200)
    assert torch.allclose(deviation[noisy], torch.full((int(noisy.sum()),), 0.05), rtol=0.2)
    assert torch.equal(view.values[~noisy], grey.values[~noisy])
    loud = Noise((1.0, 1.0), probability=1)(grey, generator()).values
    assert (loud.min(), loud.max()) == (0, 1)


@pytest.mark.parametrize("view", [Solarise(probability=0.2), Posterise(2, probability=0.2), Noise((0.1, 0.2), probability=0.2)])
@pytest.mark.parametrize("channels", [1, 3, 5, 12])
def test_a_share_of_samples_changes_and_can_be_redone(view: DrawnView, channels: int) -> None:
    raw = scale(300, channels)
    changed = view(raw, generator())
    touched = (changed.values != raw.values).flatten(1).any(dim=1).float().mean()
    assert abs(touched - 0.2) < 4 * math.sqrt(0.16 / 300)
    assert torch.equal(view.apply(raw, changed.changes), changed.values)


@pytest.mark.parametrize(
    ("view", "wrong"),
    [
        (Solarise, {"threshold": 2}),
        (Solarise, {"probability": -1}),
        (Posterise, {"bits": 0}),
        (Posterise, {"bits": 9}),
        (Noise, {"deviation": (1, 0)}),
    ],
)
def test_impossible_parameters_are_refused(view: type, wrong: dict) -> None:
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        view(**wrong)
