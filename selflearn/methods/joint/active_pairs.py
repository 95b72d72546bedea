"""Active pairs: somebody is asked of a few pairs of samples whether they belong together; those that do become edges."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
import torch.nn.functional as F
from annotated_types import Ge, Gt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Outcome
from selflearn.methods.joint.simclr import SimCLR
from selflearn.ranks import gathered
from selflearn.targets import KnownPairs


class ActivePairs(SimCLR):
    """Positives are views of one sample, and of samples that are known to belong together (Cabannes et al., 2023).

    The oracle is the labels, of which nothing else is seen: with every pair asked it is supervised contrast, with none it is
    SimCLR. Answers carry on: what belongs to the same as another belongs to that too.

    Settings
    --------
    samples : how many samples there are; None takes them from the data.
    questions : how many may be asked in all.
    each : how many at an update, of pairs of its batch.
    choice : "alike" asks of the unknown pair whose embeddings are most alike, which the contrast pushes apart hardest; "random", to
        compare with, of any.
    """

    uses_labels: ClassVar[bool] = True

    samples: Annotated[int, Ge(2)] | None = None
    questions: Annotated[int, Gt(0)] = 1000
    each: Annotated[int, Gt(0)] = 4
    choice: Literal["alike", "random"] = "alike"

    def build(self) -> None:
        """Add what is known of pairs: nothing."""
        super().build()
        if self.samples is None:
            raise RecipeError("ActivePairs must know how many samples there are: set samples")
        if self.same != "sample":
            raise RecipeError("ActivePairs finds out which samples belong together; leave out same: group")
        self.known = KnownPairs(self.samples, self.questions)

    def check_data(self, samples: int) -> None:
        """Refuse samples without a place."""
        super().check_data(samples)
        if samples > len(self.known.number):
            raise RecipeError(f"ActivePairs keeps {len(self.known.number)} samples, and there are {samples}; raise samples")

    def own(self, view: Batch) -> Tensor:
        """The number of those that each sample is known to belong to."""
        return self.known.of(view.index)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """As SimCLR; then ask. Answers count from the next update on."""
        outcome = super().forward(views, generator)
        if self.training and self.known.left:
            self.ask(views[0], outcome.embedding, generator)
        return outcome

    @torch.no_grad()
    def ask(self, view: Batch, embedding: Tensor, generator: torch.Generator) -> None:
        """Put the next questions about pairs of this batch, whose labels are known."""
        index, labels, rows = gathered(view.index), gathered(view.labels), F.normalize(gathered(embedding), dim=1)
        if self.choice == "alike":
            scores = rows @ rows.T
        else:  # each rank draws for its own rows, so that all have the same
            scores = gathered(torch.rand(len(view), len(index), generator=generator, device=generator.device).to(rows.device))
        askable = self.known.unknown(index) & (labels[:, None] >= 0) & (labels >= 0)
        scores = scores.masked_fill(~askable.triu(diagonal=1), -torch.inf).flatten()
        best = scores.topk(min(self.each, self.known.left, len(scores)))
        places = best.indices[best.values > -torch.inf]
        first, second = places // len(index), places % len(index)
        self.known.tell(index[first], index[second], labels[first] == labels[second])
