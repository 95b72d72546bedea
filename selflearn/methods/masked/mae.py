"""MAE: most of a sample is hidden, the encoder sees the rest alone, and a light decoder restores what is missing."""

from __future__ import annotations

from torch import Tensor

from selflearn.methods.base import Losses
from selflearn.methods.masked.base import Masked
from selflearn.networks import TokenContent
from selflearn.objectives import masked_classification, masked_reconstruction


class MAE(Masked):
    """Hidden tokens are restored: their numbers (He et al., 2022), and where tokens are words or categories, their class.

    Settings
    --------
    normalised : each token is restored up to its own mean and deviation, which makes for better features; tokens of a single
        number have neither.
    """

    normalised: bool = True

    def losses(self, predictions: Tensor, content: TokenContent, hidden: Tensor) -> Losses:
        """Squared error of hidden numbers, cross-entropy of hidden classes; a term for what there is."""
        numbers = 0 if content.values is None else content.values.shape[2]
        losses: Losses = {}
        if content.values is not None and numbers:
            numeric = hidden if content.classes is None else hidden & (content.classes < 0)
            normalised = self.normalised and numbers > 1
            losses["reconstruction"] = masked_reconstruction(predictions[..., :numbers], content.values, numeric, normalised)
        if content.classes is not None:
            losses["classification"] = masked_classification(predictions[..., numbers:], content.classes, hidden)
        return losses
