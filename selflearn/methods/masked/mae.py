"""MAE: most of a sample is hidden, the encoder sees the rest alone, and a light decoder restores what is missing."""

from __future__ import annotations

from torch import Tensor

from selflearn.methods.masked.restoring import Restoring
from selflearn.objectives import masked_reconstruction


class MAE(Restoring):
    """Hidden tokens are restored: their numbers (He et al., 2022), and where tokens are words or categories, their class.

    Settings
    --------
    normalised : each token is restored up to its own mean and deviation, which makes for better features; tokens of a single
        number have neither.
    """

    normalised: bool = True

    def compare(self, predictions: Tensor, values: Tensor, hidden: Tensor) -> Tensor:
        """Squared error."""
        return masked_reconstruction(predictions, values, hidden, self.normalised and values.shape[2] > 1)
