"""Contrast between devices that recorded the same moments: the device most alike gives positives, every device negatives."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Ge, Gt
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.joint.base import Joint
from selflearn.methods.joint.encoding import encode
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph, median_distance, mmd, weighted_contrast
from selflearn.ranks import gathered, world

WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Kernels of the discrepancy, in median distances between samples."""


class Weighted(SimilarityGraph):
    """Edges, and how much each pair that is none is worth as a negative.

    Parameters
    ----------
    repulsion : (rows, columns) float, >= 0.
    """

    def __init__(self, weights: Tensor, ignored: Tensor, repulsion: Tensor) -> None:
        super().__init__(weights, ignored)
        self.repulsion = repulsion


class DeviceContrast(Joint):
    """Devices are views of one moment, and which of them should agree is found from the data of each batch (Jain et al., 2022).

    For each device (the anchor) the one whose samples have the smallest maximum mean discrepancy to its own is its positive: at the
    same moment. Negatives are other moments of every other device, by weights inverse to the discrepancy, of mean one, so that a
    temperature means what it means elsewhere.

    Settings
    --------
    anchor : number of the device that looks for its positives; None lets each of them.
    selection : "closest", or "random": another device is drawn at each step and all negatives weigh the same, to compare with.
    misaligned : how many other moments of each device are negatives of a sample, drawn anew each time; 0 takes all of the batch.
    temperature : of the softmax.
    """

    most_views: ClassVar[int | None] = None
    default_views: ClassVar[str] = "devices"

    joined: bool = True

    anchor: Annotated[int, Ge(0)] | None = None
    selection: Literal["closest", "random"] = "closest"
    misaligned: Annotated[int, Ge(0)] = 0
    temperature: Annotated[float, Gt(0)] = 0.05

    def make_head(self) -> nn.Module:
        """Hidden layers with batch norm, the last layer plain."""
        return mlp([self.encoder.dim, *self.projector])

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Find which devices belong together, encode, project, compare."""
        self.check_views(views)
        self._watched = None
        graph = self.edges(views, generator)
        return Outcome(self.losses(encode(self.encoder, views, self.joined, self.chunk), graph), self.watched(len(views[0])))

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """One term over all anchors."""
        if not isinstance(graph, Weighted):
            raise RecipeError("DeviceContrast compares by weights of negatives: it takes the graph that `edges` draws")
        rows = self.project_views(online).flatten(0, 1)
        return {"contrast": weighted_contrast(rows, rows, graph, graph.repulsion, self.temperature)}

    def check_views(self, views: list[Batch]) -> None:
        """Views of one shape, and among them the anchor."""
        super().check_views(views)
        if len({view.values.shape for view in views}) > 1:
            raise RecipeError(
                "DeviceContrast compares devices of equally many channels and steps; choose other views, such as devices"
            )
        if self.anchor is not None and self.anchor >= len(views):
            raise RecipeError(f"anchor = {self.anchor}: there are {len(views)} devices, numbered from 0")

    def edges(self, views: list[Batch], generator: torch.Generator) -> Weighted:
        """Positives and weighted negatives among all samples, device by device: (devices * samples of all ranks) square."""
        count, samples, device = len(views), len(views[0]) * world(), views[0].device
        distances = discrepancies([gathered(view.values.flatten(1)) for view in views])
        near = (distances + 1e-4).reciprocal().fill_diagonal_(0.0)
        if self.selection == "random":
            near = 1.0 - torch.eye(count, device=device)
            scores = torch.rand(count, count, generator=generator, device=generator.device).to(device)
        else:
            scores = near
        chosen = scores.masked_fill(torch.eye(count, dtype=torch.bool, device=device), -1.0).argmax(1)
        positive = torch.zeros_like(near).scatter_(1, chosen[:, None], 1.0)
        negative = near / near.sum(1, keepdim=True) * (count - 1)
        if self.anchor is not None:
            positive = positive * (torch.arange(count, device=device) == self.anchor)[:, None]
        own = gathered(self.own(views[0]))
        aligned = (own[:, None] == own) & (own >= 0)[:, None] | torch.eye(samples, dtype=torch.bool, device=device)
        apart = (~aligned & self._moments(samples, generator).to(device)).float()
        return Weighted(
            torch.kron(positive, aligned.float()),
            torch.eye(count * samples, dtype=torch.bool, device=device),
            torch.kron(negative, apart),
        )

    def _moments(self, samples: int, generator: torch.Generator) -> Tensor:
        """(samples, samples) bool: which other samples are looked at."""
        if not self.misaligned:
            return torch.ones(samples, samples, dtype=torch.bool)
        order = torch.rand(samples, samples, generator=generator, device=generator.device).cpu().fill_diagonal_(2.0).argsort(1)
        return torch.zeros(samples, samples, dtype=torch.bool).scatter_(1, order[:, : self.misaligned], True)


@torch.no_grad()
def discrepancies(devices: list[Tensor]) -> Tensor:
    """(devices, devices) squared maximum mean discrepancy between their samples (rows, dim), at widths common to all."""
    widths = median_distance(torch.cat(devices)) * torch.tensor(WIDTHS, device=devices[0].device)
    found = torch.zeros(len(devices), len(devices), device=devices[0].device)
    for one in range(len(devices)):
        for other in range(one):
            found[one, other] = found[other, one] = mmd(devices[one], devices[other], widths)
    return found
