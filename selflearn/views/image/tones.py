"""Changes of single values: solarise, posterise and noise."""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.views import checks
from selflearn.views.drawn import DrawnView, between, spread, uniform


class Solarise(DrawnView):
    """Invert what is bright: x becomes 1 - x where x >= `threshold` (Grill et al., "Bootstrap Your Own Latent", 2020).

    Parameters
    ----------
    threshold : in [0, 1]; 128 of 255 in the publication.
    probability : of solarising a sample.

    Changes
    -------
    solarise : (batch,) bool.
    """

    def __init__(self, threshold: float = 128 / 255, probability: float = 0.2) -> None:
        self.threshold = checks.probability(self, "threshold", threshold)
        self.probability = checks.probability(self, "probability", probability)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which samples are solarised."""
        return {"solarise": uniform(batch, 1, generator)[:, 0] < self.probability}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The solarised pictures."""
        values = batch.values
        return torch.where(spread(changes["solarise"], values) & (values >= self.threshold), 1 - values, values)


class Posterise(DrawnView):
    """Keep the highest bits of eight (Cubuk et al., "AutoAugment", 2019).

    Parameters
    ----------
    bits : 1 to 8 bits that stay.
    probability : of posterising a sample.

    Changes
    -------
    posterise : (batch,) bool.
    """

    def __init__(self, bits: int = 4, probability: float = 0.2) -> None:
        self.bits = checks.whole(self, "bits", bits, 1, 8)
        self.probability = checks.probability(self, "probability", probability)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which samples are posterised."""
        return {"posterise": uniform(batch, 1, generator)[:, 0] < self.probability}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The posterised pictures."""
        values, lost = batch.values, 2 ** (8 - self.bits)
        coarse = (values * 255).round_().div_(lost).floor_().mul_(lost / 255)
        return torch.where(spread(changes["posterise"], values), coarse, values)


class Noise(DrawnView):
    """Add Gaussian noise, then clip to [0, 1].

    Parameters
    ----------
    deviation : (from, to) >= 0, in units of the full range; uniform, one a sample.
    probability : of adding noise to a sample.

    Changes
    -------
    noise : (batch, channels, height, width) what was added before clipping.
    """

    def __init__(self, deviation: tuple[float, float] = (0.0, 0.1), probability: float = 0.5) -> None:
        self.deviation = checks.span(self, "deviation", deviation, 0.0, 1.0)
        self.probability = checks.probability(self, "probability", probability)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The noise itself."""
        share = uniform(batch, 2, generator)
        deviation = torch.where(share[:, 0] < self.probability, between(share[:, 1], self.deviation), 0.0)
        noise = torch.randn(batch.values.shape, generator=generator, device=generator.device).to(batch.device)
        return {"noise": noise * spread(deviation, noise)}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The noisy pictures."""
        return (batch.values + changes["noise"]).clamp_(0, 1)
