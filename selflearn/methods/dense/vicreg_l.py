"""VICRegL: VICReg of whole samples, and of pairs of places that lie or look nearest each other in two views."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, MinLen
from torch import Tensor

from selflearn import objectives
from selflearn.data.batch import Batch
from selflearn.errors import RecipeError
from selflearn.methods.base import Losses, Outcome
from selflearn.methods.dense.tokens import TokenHead, apart, places_of, taken, tokens_of
from selflearn.methods.joint.base import Joint
from selflearn.methods.joint.encoding import encode
from selflearn.methods.options import Share, Width
from selflearn.networks import Features, mlp
from selflearn.objectives import SimilarityGraph
from selflearn.ranks import gathered, latest

Weight = Annotated[float, Ge(0)]


class VICRegL(Joint):
    """Learning local and global features together (Bardes, Ponce and LeCun, 2022).

    Each large view is compared with every other view. Of each pair of views the places that lie nearest each other in the sample
    are matched, and every place with the one of the other view whose projection is nearest; both ways, the mean over all of it.

    Settings
    --------
    whole : weight of the comparison of whole samples (alpha); that of places has the rest.
    token_projector : widths of the layers behind each token.
    matches : pairs of places that lie nearest which are compared, asking from a large view and from a small one; all, where there
        are fewer.
    invariance, variance, covariance : weights of the three parts, of samples and of places.
    """

    needs: ClassVar[frozenset[str]] = frozenset({"places"})
    most_views: ClassVar[int | None] = None

    projector: Annotated[list[Width], MinLen(1)] = [8192, 8192, 8192]
    token_projector: Annotated[list[Width], MinLen(1)] = [512, 512, 512]
    whole: Share = 0.75
    matches: tuple[Width, Width] = (20, 4)
    invariance: Weight = 25.0
    variance: Weight = 25.0
    covariance: Weight = 1.0

    def build(self) -> None:
        """Add the head of tokens."""
        if self.chunk:
            raise RecipeError("VICRegL compares places, which encoding in chunks does not keep; set chunk to 0")
        super().build()
        self.token_head = TokenHead(mlp([self.encoder.dim, *self.token_projector], bias=False))

    def forward(self, views: list[Batch], generator: torch.Generator) -> Outcome:
        """Encode, project, compare samples and matched places."""
        self.check_views(views)
        self._watched = None
        online = encode(self.encoder, views, self.joined)
        places = [places_of(self.encoder, view, features) for view, features in zip(views, online, strict=True)]
        large = min(2, sum(view.scope == "global" for view in views))
        pairs = [(one, other) for one in range(large) for other in range(len(views)) if other != one]
        counts = [self.matches[view.scope != "global"] for view in views]
        losses = {**self.of_samples(online, pairs), **self.of_places(online, places, pairs, counts)}
        return Outcome(losses, self.watched(len(views[0])))

    def losses(self, online: list[Features], graph: SimilarityGraph) -> Losses:
        """Of whole samples alone."""
        return self.of_samples(online, [(0, other) for other in range(1, len(online))])

    def of_samples(self, online: list[Features], pairs: list[tuple[int, int]]) -> Losses:
        """Three terms: invariance over pairs of views, the others over views."""
        told = [self.project(features.pooled) for features in online]
        parts = {
            "invariance": torch.stack([objectives.invariance(told[one], told[other]) for one, other in pairs]).mean(),
            "variance": torch.stack([objectives.variance(view) for view in told]).mean(),
            "covariance": torch.stack([objectives.covariance(view) for view in told]).mean(),
        }
        return {name: self.whole * getattr(self, name) * part for name, part in parts.items()}

    def of_places(self, online: list[Features], places: list[Tensor], pairs: list[tuple[int, int]], counts: list[int]) -> Losses:
        """Three terms, each the mean over pairs of views, ways to match and directions."""
        told = [self.token_head(tokens_of(features)) for features in online]
        found: list[tuple[Tensor, Tensor, Tensor]] = []
        for pair in pairs:
            for asks, other in (pair, pair[::-1]):
                most = _real(online[asks])
                near = apart(places[asks], places[other], online[other])
                found.append(self._parts(*matched(told[asks], told[other], near, min(counts[asks], most))))
                alike = apart(told[asks], told[other], online[other])
                found.append(self._parts(*matched(told[asks], told[other], alike, most)))
        means = [torch.stack(part).mean() for part in zip(*found, strict=True)]
        weights = (self.invariance, self.variance, self.covariance)
        names = ("places_invariance", "places_variance", "places_covariance")
        return {name: (1 - self.whole) * weight * mean for name, weight, mean in zip(names, weights, means, strict=True)}

    def _parts(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of (batch, matches, projection): statistics are over samples, for each match by itself."""
        both = gathered(first), gathered(second)
        variance = (objectives.variance(both[0].flatten(1)) + objectives.variance(both[1].flatten(1))) / 2
        covariances = [objectives.covariance(match) for side in both for match in side.unbind(1)]
        return objectives.invariance(*(side.flatten(1) for side in both)), variance, torch.stack(covariances).mean()


def matched(tokens: Tensor, others: Tensor, distances: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` tokens that have the nearest neighbours in the other view, in their own order, and these neighbours.

    Parameters
    ----------
    tokens, others : (batch, tokens, dim) of two views.
    distances : (batch, tokens, others).

    Returns
    -------
    Two of (batch, count, dim).
    """
    nearest = distances.min(2)
    rows = nearest.values.topk(count, dim=1, largest=False).indices.sort(1).values
    return taken(tokens, rows), taken(others, nearest.indices.gather(1, rows))


def _real(features: Features) -> int:
    """How many real tokens every sample of all ranks has."""
    if features.mask is None:
        return tokens_of(features).shape[1]
    return int(-latest(-float(features.mask.sum(1).min()))[0])
