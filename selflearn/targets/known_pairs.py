"""What an oracle has said of pairs of samples: who belongs together, and who does not. Both hold for all who belong to either."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class KnownPairs(nn.Module):
    """Samples that are known to belong together have one number; pairs of numbers that are known to be apart are not asked again.

    Ranks replicate: what is told must be the same everywhere, in the same order (`gathered`).

    Parameters
    ----------
    samples : how many there are.
    questions : how many may be asked in all.
    """

    number: Tensor
    apart: Tensor
    asked: Tensor

    def __init__(self, samples: int, questions: int) -> None:
        super().__init__()
        self.register_buffer("number", torch.arange(samples))
        self.register_buffer("apart", torch.full((questions, 2), -1))
        self.register_buffer("asked", torch.tensor(0))

    @property
    def left(self) -> int:
        """Questions that may still be asked."""
        return len(self.apart) - int(self.asked)

    def of(self, index: Tensor) -> Tensor:
        """(batch,) the number of each sample: equal where they are known to belong together."""
        return self.number[index]

    def unknown(self, index: Tensor) -> Tensor:
        """(batch, batch) bool, True where it follows from no answer whether two of these samples belong together."""
        own = self.of(index)
        apart = self.of(self.apart[self.apart[:, 0] >= 0])
        apart = apart[torch.isin(apart, own).all(dim=1)]
        return (own[:, None] != own) & ~torch.isin(self._pairs(own[:, None], own), self._pairs(*apart.T))

    @torch.no_grad()
    def tell(self, first: Tensor, second: Tensor, together: Tensor) -> None:
        """Remember answers.

        Parameters
        ----------
        first, second : (answers,) positions of the samples, no more answers than there are questions left.
        together : (answers,) bool.
        """
        for one, other, same in zip(first, second, together, strict=True):
            if same:
                numbers = self.number[torch.stack([one, other])]
                self.number[torch.isin(self.number, numbers)] = numbers.min()
            else:
                self.apart[self.asked] = torch.stack([one, other])
            self.asked += 1

    def _pairs(self, first: Tensor, second: Tensor) -> Tensor:
        """One number for each pair, whatever its order."""
        return torch.minimum(first, second) * len(self.number) + torch.maximum(first, second)
