"""Changes of texts: words left out, hidden, exchanged or cut away, on token numbers, for the whole batch at once."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.texts.spec import TextBatch, TextSpec
from selflearn.errors import RecipeError
from selflearn.views import checks
from selflearn.views.drawn import DrawnView, uniform


class TextView(DrawnView):
    """Base of views of texts: `arrange` says which tokens stay, in which order; `apply` gives their numbers.

    Parameters
    ----------
    spec : of the texts: which numbers are padding and mask.
    """

    takes_raw = True

    def __init__(self, spec: TextSpec) -> None:
        self.spec = spec

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """A changed copy, padded at the end; `mask` and `lengths` follow."""
        if not isinstance(batch, TextBatch) or batch.values.ndim != 2:
            raise RecipeError(f"{type(self).__name__} changes texts, not a batch of {tuple(batch.values.shape)}")
        with torch.no_grad():
            changes = self.draw(batch, generator)
            stays = self.stays(batch, changes)
            lengths = stays.sum(dim=1)
            real = torch.arange(batch.values.shape[1], device=batch.device) < lengths[:, None]
            return batch.replace(values=self.apply(batch, changes), mask=real, lengths=lengths, changes=changes)

    def stays(self, batch: TextBatch, changes: dict[str, Tensor]) -> Tensor:
        """(batch, tokens) bool, which tokens are left. Here: all."""
        return batch.real

    @abstractmethod
    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """One row of parameters a sample, by name."""

    def _close(self, values: Tensor, stays: Tensor) -> Tensor:
        """The tokens that stay, moved together to the beginning, padding behind them."""
        order = (~stays).to(torch.uint8).argsort(dim=1, stable=True)
        return torch.where(stays, values, self.spec.padding).gather(1, order)


class Delete(TextView):
    """Each token is left out with a probability, but never all of a text.

    Source: word deletion, e.g. Wei and Zou, EDA: Easy Data Augmentation Techniques for Boosting Performance on Text
    Classification Tasks, 2019.

    Parameters
    ----------
    share : in [0, 1), how likely each token is left out.

    Changes
    -------
    deleted : (batch, tokens) bool.
    """

    def __init__(self, spec: TextSpec, share: float) -> None:
        super().__init__(spec)
        self.share = checks.number(self, "share", share, 0.0, 0.99)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which tokens; the one that was least likely to go always stays."""
        assert isinstance(batch, TextBatch)
        chance = torch.where(batch.real, uniform(batch, batch.values.shape[1], generator), -1.0)
        deleted = (chance < self.share) & (chance < chance.amax(dim=1, keepdim=True))
        return {"deleted": deleted & batch.real}

    def stays(self, batch: TextBatch, changes: dict[str, Tensor]) -> Tensor:
        """What is not deleted."""
        return batch.real & ~changes["deleted"]

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The tokens that stay, closed up."""
        assert isinstance(batch, TextBatch)
        return self._close(batch.values, self.stays(batch, changes))


class Crop(TextView):
    """One run of neighbouring tokens is kept, or with `inverse` cut out; at least one token stays.

    Source: as a crop e.g. in Wu et al., CLEAR: Contrastive Learning for Sentence Representation, 2020 (there: span deletion).

    Parameters
    ----------
    share : (from, to) in (0, 1], the length of the run as a share of the text, drawn uniformly for each.
    inverse : cut the run out instead.

    Changes
    -------
    start, end : (batch, 1) int64 places of the run's first token and of the one behind its last.
    """

    def __init__(self, spec: TextSpec, share: tuple[float, float], inverse: bool = False) -> None:
        super().__init__(spec)
        self.share, self.inverse = checks.span(self, "share", share, 0.0, 1.0), bool(inverse)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Where the run lies."""
        assert isinstance(batch, TextBatch)
        lengths = batch.real.sum(dim=1, keepdim=True)
        part, place = uniform(batch, 2, generator).unbind(1)
        low, high = self.share
        count = ((low + (high - low) * part)[:, None] * lengths).round().long()
        most = (lengths - 1).clamp(min=0) if self.inverse else lengths
        count = torch.minimum(count.clamp(min=0 if self.inverse else 1), most)
        start = (place[:, None] * (lengths - count + 1)).long().clamp(min=0)
        return {"start": start, "end": start + count}

    def stays(self, batch: TextBatch, changes: dict[str, Tensor]) -> Tensor:
        """Inside the run, or outside of it."""
        places = torch.arange(batch.values.shape[1], device=batch.device)
        inside = (places >= changes["start"]) & (places < changes["end"])
        return batch.real & (~inside if self.inverse else inside)

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The tokens that stay, closed up."""
        assert isinstance(batch, TextBatch)
        return self._close(batch.values, self.stays(batch, changes))


class Hide(TextView):
    """Each token gives way to the mask token with a probability: a gap that can be seen, unlike a deletion.

    Parameters
    ----------
    share : in [0, 1].

    Changes
    -------
    hidden : (batch, tokens) bool.
    """

    def __init__(self, spec: TextSpec, share: float) -> None:
        super().__init__(spec)
        self.share = checks.probability(self, "share", share)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Which tokens."""
        assert isinstance(batch, TextBatch)
        return {"hidden": (uniform(batch, batch.values.shape[1], generator) < self.share) & batch.real}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The text with gaps."""
        return torch.where(changes["hidden"], self.spec.mask, batch.values)


class Shuffle(TextView):
    """Tokens change places with near ones: none goes further than `distance` places.

    Each token's place gets a number of [0, distance + 1) added, and tokens are ordered by the sums. Source: Lample et al.,
    Unsupervised Machine Translation Using Monolingual Corpora Only, 2018.

    Parameters
    ----------
    distance : places, at least 0.

    Changes
    -------
    order : (batch, tokens) int64, the place each token comes from.
    """

    def __init__(self, spec: TextSpec, distance: int) -> None:
        super().__init__(spec)
        self.distance = checks.whole(self, "distance", distance, 0, 1_000)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The order itself; padding stays where it is."""
        assert isinstance(batch, TextBatch)
        width = batch.values.shape[1]
        places = torch.arange(width, device=batch.device, dtype=torch.float32)
        moved = places + uniform(batch, width, generator) * (self.distance + 1)
        moved = torch.where(batch.real, moved, places + 2 * width + self.distance)
        return {"order": moved.argsort(dim=1, stable=True)}

    def apply(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The tokens in their new order."""
        return batch.values.gather(1, changes["order"])
