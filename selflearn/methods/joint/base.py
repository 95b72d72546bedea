"""The joint family: views are encoded and projected, positives are edges of a graph. A method of it writes little but `losses`."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Ge, MinLen
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Method, Outcome
from selflearn.methods.joint.encoding import encode
from selflearn.methods.options import Width
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph
from selflearn.ranks import gathered, rank, world


class Joint(Method):
    """Base of joint embedding: write `losses`.

    Class attributes
    ----------------
    gathers : projections of all ranks are compared together; off where the loss is a mean over samples anyway.
    most_views : the largest number of views that `losses` can take, None for any.
    least_large : how many of them must be large (scope "global").

    Settings
    --------
    projector : widths of the layers behind the encoder, which is kept; the projector is not.
    joined : views of one size go through the encoder together, so that they share their batch statistics; otherwise a view
        at a time, which is faster on a CPU, whose caches hold half as much. By default as the authors' code does.
    chunk : samples that are encoded at a time, 0 for all of a view at once. A batch of any size then takes the memory of encoding
        one chunk, and each is encoded twice; the loss still compares all. Batch norms inside the encoder see a chunk.
    same : whose views are positives: those of one "sample", or also those of other samples of its "group" (participant, speaker).
    """

    gathers: ClassVar[bool] = True
    most_views: ClassVar[int | None] = 2
    least_large: ClassVar[int] = 1

    projector: Annotated[list[Width], MinLen(1)] = [2048, 2048]
    joined: bool = False
    chunk: Annotated[int, Ge(0)] = 0
    same: Literal["sample", "group"] = "sample"

    def build(self) -> None:
        """Make the projector; a method with more parts adds them after calling this."""
        self.head = self.make_head()
        self._watched: Tensor | None = None

    def make_head(self) -> nn.Module:
        """The projector: hidden layers with batch norm, a last one without norm or bias."""
        return mlp([self.encoder.dim, *self.projector], bias=False) if self.projector else nn.Identity()

    @abstractmethod
    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """Named scalars to minimise.

        Parameters
        ----------
        online : what the encoder says of each view.
        graph : positives among the samples of all views, ordered view by view, as `positives` draws them.
        """

    def positives(self, views: list[Batch]) -> SimilarityGraph:
        """Edges among the samples of all views (of all ranks, in the order of `project`): here, views of one sample or group."""
        return SimilarityGraph.of_labels(gathered(self.own(views[0]).repeat(len(views))))

    def own(self, view: Batch) -> Tensor:
        """(batch,) the number of each sample among those of all ranks, or of its group: samples of one number belong together."""
        if self.same == "sample":
            return torch.arange(len(view), device=view.device) + rank() * len(view)
        if view.groups is None:
            raise RecipeError("same: group needs to know the group of each sample (participant, speaker); give --groups")
        return view.groups

    def project(self, pooled: Tensor) -> Tensor:
        """(batch, dim) to (batch, projection), of all ranks if the method `gathers`. The first call is what the monitors watch."""
        projected: Tensor = self.head(pooled)
        if self._watched is None:
            self._watched = projected
        return gathered(projected) if self.gathers else projected

    def project_views(self, online: list[Features]) -> Tensor:
        """(views, batch, projection) of all views, projected in one call, so that they share the projector's batch statistics."""
        projections = self.project(torch.cat([features.pooled for features in online]))
        ranks = world() if self.gathers else 1
        return projections.unflatten(0, (ranks, len(online), -1)).transpose(0, 1).flatten(1, 2)

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode, project, compare."""
        self.check_views(views)
        self._watched = None
        losses = self.losses(encode(self.encoder, views, self.joined, self.chunk), self.positives(views))
        return Outcome(losses, self.watched(len(views[0])))

    def check_views(self, views: list[Batch]) -> None:
        """Raise `RecipeError` for a number or an order of views that `losses` cannot take."""
        if len(views) < 2 or len(views) > (self.most_views or len(views)):
            wanted = "two views" if self.most_views == 2 else "at least two views"
            raise RecipeError(
                f"{type(self).__name__} takes {wanted}, not {len(views)}; choose other views, such as {self.default_views}"
            )
        scopes = [view.scope for view in views]
        if scopes != sorted(scopes) or scopes[0] != "global":
            raise RecipeError(f"{type(self).__name__} takes large views first, then small ones, not {', '.join(scopes)}")
        if scopes.count("global") < self.least_large:
            raise RecipeError(f"{type(self).__name__} takes at least {self.least_large} large views, not {scopes.count('global')}")

    def watched(self, samples: int) -> Tensor:
        """(samples, projection) the first view's projections, detached float32."""
        if self._watched is None:
            raise RecipeError(f"{type(self).__name__}.losses must call project, so that a collapse can be seen")
        embedding = self._watched[:samples].detach().float()
        self._watched = None
        return embedding
