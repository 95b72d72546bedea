"""Restoring what hidden tokens are: numbers by a loss of the method's own, classes by cross-entropy. A method writes `compare`."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from selflearn.methods.base import Losses
from selflearn.methods.masked.base import Masked
from selflearn.networks import TokenContent
from selflearn.objectives import masked_classification
from selflearn.ranks import rank_weight


class Restoring(Masked):
    """Base of methods that restore the input: write `compare`."""

    @abstractmethod
    def compare(self, predictions: Tensor, values: Tensor, hidden: Tensor) -> Tensor:
        """A scalar to minimise: how far numbers that were told are from those that were hidden.

        Parameters
        ----------
        predictions, values : (batch, tokens, numbers).
        hidden : (batch, tokens) bool, the tokens that count.
        """

    def losses(self, predictions: Tensor, content: TokenContent, hidden: Tensor) -> Losses:
        """A term for numbers and one for classes, for what there is."""
        numbers = 0 if content.values is None else content.values.shape[2]
        losses: Losses = {}
        if content.values is not None and numbers:
            numeric = hidden if content.classes is None else hidden & (content.classes < 0)
            compared = self.compare(predictions[..., :numbers], content.values, numeric)
            losses["reconstruction"] = compared * rank_weight(numeric.sum())
        if content.classes is not None:
            told = masked_classification(predictions[..., numbers:], content.classes, hidden)
            losses["classification"] = told * rank_weight((hidden & (content.classes >= 0)).sum())
        return losses
