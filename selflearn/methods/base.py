"""A method ties views, networks, targets and objectives into named losses. It knows neither the kind of data nor a trainer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.options import check_options
from selflearn.networks.encoder import Encoder
from selflearn.targets import Queue

Losses = dict[str, Tensor]


@dataclass
class Outcome:
    """What one forward pass of a method gives.

    Attributes
    ----------
    losses : named scalars; their sum is minimised.
    embedding : (batch, dim) detached: the vectors whose collapse would be the method's collapse, watched by the monitors.
    can_collapse : False where the target is given by the data, so that encoding all samples alike can never be a solution: such
        a method may stay on a plateau, which is for the scorecard to judge, but not collapse.
    told : named scalars that stand beside the losses in the metrics, such as what a method sets for itself.
    """

    losses: Losses
    embedding: Tensor
    can_collapse: bool = True
    told: Losses = field(default_factory=dict)

    @property
    def total(self) -> Tensor:
        """The scalar that is minimised."""
        return torch.stack(list(self.losses.values())).sum()


class Method(nn.Module, ABC):
    """Base of every method.

    A subclass declares its settings as annotated class attributes with defaults, makes its heads and targets in `build`,
    and computes its losses in `forward` (families offer narrower hooks, so that most methods write only `losses`).
    A setting called `classes` whose default is None is the number of classes, one called `transcripts` their names, one called
    `samples` how many samples are learned from, one called `asked` what the views ask; where nobody sets them, the plan takes the
    data's and the views'.

    Class attributes
    ----------------
    needs : capabilities that the encoder must declare (see `Encoder.capabilities`).
    default_views : the name of the views it is published with; each kind of data knows what the name means for it.
    uses_labels : True where labels shape the loss (SupCon); labels of -1 must be allowed for.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    default_views: ClassVar[str] = "standard"
    uses_labels: ClassVar[bool] = False

    def __init__(self, encoder: Encoder, **options: Any) -> None:
        super().__init__()
        missing = self.needs - encoder.capabilities
        if missing:
            raise RecipeError(
                f"{type(self).__name__} needs an encoder with {', '.join(sorted(missing))}; "
                f"{encoder.settings.get('name', type(encoder).__name__)} has "
                f"{', '.join(sorted(encoder.capabilities)) or 'none of these'}"
            )
        for name, value in check_options(type(self), options).items():
            setattr(self, name, value)
        self.encoder = encoder
        self.build()

    @classmethod
    def parts(cls, options: Mapping[str, Any]) -> tuple[type[Method], ...]:
        """The methods that take part where these are the settings: itself, and those that a method of methods holds."""
        return (cls,)

    def build(self) -> None:
        """Make heads and targets from `self.encoder` and the settings."""

    def begin(self, previous: Method | None) -> None:
        """Take over what is needed of the method of the stage before; None in the first stage. Called once, before training.

        Raises
        ------
        RecipeError : it cannot come after that method.
        """

    @abstractmethod
    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Losses of these views of one batch. All randomness comes from `generator` (on the views' device)."""

    def check_batch(self, samples: int, steps: int | None = None) -> None:
        """Raise `RecipeError` where a batch of this many samples cannot work. Called once, before training."""
        if samples < 2:
            raise RecipeError(f"{type(self).__name__} needs at least 2 samples in a batch, not {samples}")

    def check_data(self, samples: int) -> None:
        """Raise `RecipeError` where so many samples to learn from cannot work. Called once, before training."""
        longest = max((module.size for module in self.modules() if isinstance(module, Queue)), default=0)
        if longest > samples:
            raise RecipeError(
                f"{type(self).__name__} would remember {longest} samples of {samples}, each of them several times; lower queue to "
                f"{samples} or less"
            )

    def after_update(self, progress: float) -> None:
        """What follows each optimiser step (a teacher's average, say). `progress` in [0, 1] is the share of the budget used."""

    def update(
        self, views: Sequence[Batch], optimiser: torch.optim.Optimizer, generator: torch.Generator, progress: float = 0.0
    ) -> Outcome:
        """One whole update, without any trainer: forward, backward, step, `after_update`. Returns the outcome, detached."""
        outcome = self(list(views), generator)
        optimiser.zero_grad()
        outcome.total.backward()
        optimiser.step()
        self.after_update(progress)
        return Outcome({name: loss.detach() for name, loss in outcome.losses.items()}, outcome.embedding, outcome.can_collapse)
