"""Loss gate: labels whose loss is that of right ones are learned; others give way to what the network itself is sure of."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

import torch
import torch.nn.functional as F
from annotated_types import Ge, Gt, Lt
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Method, Outcome
from selflearn.methods.options import Share, Width
from selflearn.networks import PrototypeLayer
from selflearn.ranks import rank_weight, world
from selflearn.targets import Memory, gate

LEAST = 1e-8  # below this a loss tells nothing more, and its logarithm would draw the lower Gaussian away


class LossGate(Method):
    """Dynamic loss gate and label correction (Han, Chen and Qian, 2022 and 2023), for labels that are found or noisy.

    After each pass over the data two Gaussians are fitted to the logarithms of all samples' last losses. A label whose loss belongs
    to the lower one is trusted. For the others the network's own prediction of the first view, if it is sure, is sharpened and told
    by the other views; if it is not, nothing is. The classifier is cosines with an additive angular margin (Deng et al., "ArcFace",
    2019).

    Settings
    --------
    classes : how many labels there are; None takes them from the data (from a clustering before this stage).
    samples : of the data set; None takes them from the data.
    trusting : passes over the data in which every label is trusted, above 0.
    confidence : the probability from which a prediction corrects a label.
    sharpening : temperature of that prediction, in (0, 1].
    margin : in radians, added to the angle of the right class.
    scale : of the cosines.
    """

    uses_labels: ClassVar[bool] = True

    classes: Annotated[int, Ge(2)] | None = None
    samples: Width | None = None
    trusting: Annotated[float, Gt(0)] = 1.0
    confidence: Share = 0.5
    sharpening: Annotated[float, Gt(0)] = 0.1
    margin: Annotated[float, Ge(0), Lt(math.pi / 2)] = 0.2
    scale: Annotated[float, Gt(0)] = 30.0

    trusted: Tensor
    written: Tensor

    def build(self) -> None:
        """Make the classifier and the memory of losses."""
        if self.classes is None:
            raise RecipeError(
                "LossGate learns from labels, and there are no two classes: cluster before it, give labels, or set classes"
            )
        if self.samples is None:
            raise RecipeError("LossGate keeps the loss of every sample: set samples to the number of them, as a plan does")
        self.head = PrototypeLayer(self.encoder.dim, self.classes)
        self.memory = Memory(self.samples, 1)
        self.register_buffer("trusted", torch.tensor(math.inf))
        self.register_buffer("written", torch.tensor(0))

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode each view, compare with labels that are trusted and with predictions that are sure."""
        labels = views[0].labels
        if int(labels.max()) >= len(self.head.weight):
            raise RecipeError(
                f"LossGate: a sample has the label {int(labels.max())}; set classes to at least {int(labels.max()) + 1}"
            )
        pooled = [self.encoder(view).pooled for view in views]
        cosines = [self.head(each).float() for each in pooled]
        own = torch.stack([self.of_labels(each, labels) for each in cosines]).mean(0)
        known = labels >= 0
        trusted = known & (own.detach().clamp(min=LEAST).log() <= self.trusted)
        told, sure = self.corrections(cosines)
        sure = sure & ~trusted
        count = (trusted | sure).sum()
        weight = rank_weight(count)
        losses = {
            "labels": (own * trusted).sum() / count.clamp(min=1) * weight,
            "corrections": (told * sure).sum() / count.clamp(min=1) * weight,
        }
        if self.training:
            self.remember(views[0].index, torch.where(known, own.detach().clamp(min=LEAST).log(), torch.inf))
        return Outcome(losses, pooled[0].detach().float(), can_collapse=False)

    def of_labels(self, cosines: Tensor, labels: Tensor) -> Tensor:
        """(batch,) cross-entropy of (batch,) labels with the margin; 0 where there is none."""
        right = F.one_hot(labels.clamp(min=0), cosines.shape[1]).bool()
        angles = cosines.clamp(-1 + 1e-6, 1 - 1e-6).acos()
        logits = self.scale * torch.where(right, (angles + self.margin).clamp(max=math.pi).cos(), cosines)
        return F.cross_entropy(logits, labels, ignore_index=-1, reduction="none")

    def corrections(self, cosines: list[Tensor]) -> tuple[Tensor, Tensor]:
        """(batch,) cross-entropy of the first view's sharpened prediction told by the others, and (batch,) whether it is sure."""
        logits = self.scale * cosines[0].detach()
        target = (logits / self.sharpening).softmax(1)
        others = cosines[1:] or cosines
        told = torch.stack([-(target * (self.scale * each).log_softmax(1)).sum(1) for each in others]).mean(0)
        return told, logits.softmax(1).amax(1) >= self.confidence

    @torch.no_grad()
    def remember(self, index: Tensor, logarithms: Tensor) -> None:
        """Keep the logarithms of these samples' losses, infinite for those without a label; set the gate anew after each pass."""
        self.memory.write(index, logarithms[:, None])
        self.written += len(index) * world()
        passes = self.trusting if bool(self.trusted.isinf()) else 1.0
        if self.written >= passes * len(self.memory.known):
            kept = self.memory.vectors[self.memory.known, 0]
            self.trusted.fill_(gate(kept[kept.isfinite()]))
            self.written.zero_()
