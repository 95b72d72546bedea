"""MAE: most of a sample is hidden, the encoder sees the rest alone, and a light decoder restores what is missing."""

from __future__ import annotations

from torch import Tensor

from selflearn.methods.base import Losses
from selflearn.methods.masked.base import Masked
from selflearn.objectives import masked_reconstruction


class MAE(Masked):
    """Hidden tokens are restored in their own values (He et al., 2022).

    Settings
    --------
    normalised : each token is restored up to its own mean and deviation, which makes for better features.
    """

    normalised: bool = True

    def losses(self, predictions: Tensor, values: Tensor, hidden: Tensor) -> Losses:
        """One term: squared error of hidden tokens."""
        return {"reconstruction": masked_reconstruction(predictions, values, hidden, self.normalised)}
