"""E2MC: a model that has learned is finished by filling the cube: every output uniform by itself, no two of them related."""

from __future__ import annotations

from torch import Tensor

from selflearn import objectives
from selflearn.methods.base import Losses
from selflearn.methods.joint.vicreg import VICReg, Weight
from selflearn.methods.options import Share
from selflearn.targets import Ramp


class E2MC(VICReg):
    """VICReg, and towards the end effective entropy too (Chakraborty et al., 2025).

    Outputs are brought into the cube by a sigmoid. There the joint entropy is largest where each output is uniform and all are
    independent; of that, each output's own entropy and the covariance of pairs can be estimated from a batch.

    Settings
    --------
    entropy, dependence : weights of the outputs' entropy and of their squared covariances in the cube.
    after : share of the budget after which the two join in; the authors continue a finished model for a few epochs.
    """

    entropy: Weight = 10.0
    dependence: Weight = 1.0
    after: Share = 0.9

    def build(self) -> None:
        """Add what says whether it is time."""
        super().build()
        self.begun = Ramp(0.0, 1.0, share=0.0, after=self.after)

    def compare(self, first: Tensor, second: Tensor) -> Losses:
        """VICReg's three terms and two more."""
        cubes = [first.float().sigmoid(), second.float().sigmoid()]
        entropies = [objectives.marginal_entropy(cube) for cube in cubes]
        covariances = [objectives.covariance(cube) for cube in cubes]
        return {
            **super().compare(first, second),
            "entropy": -self.begun.value * self.entropy * (entropies[0] + entropies[1]) / 2,
            "dependence": self.begun.value * self.dependence * (covariances[0] + covariances[1]),
        }

    def after_update(self, progress: float) -> None:
        """Begin when it is time."""
        super().after_update(progress)
        self.begun.follow(progress)
