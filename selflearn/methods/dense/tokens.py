"""What dense methods share: where tokens lie in a sample, which token of one view belongs to which of another, a head on each.

A dense method knows no kind of data: its encoder says where tokens lie in a view (capability "places"), and the kind's views say
where that is in the sample (`views.places`).
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from selflearn import views
from selflearn.data.batch import Batch
from selflearn.networks import Encoder, Features

FAR = 1e6
"""A distance beyond any real one, for tokens that are padding."""


class TokenHead(nn.Module):
    """A network of vectors, put to each token: batch norms see all tokens of a batch alike.

    Parameters
    ----------
    layers : from (rows, dim) to (rows, out).
    """

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, tokens: Tensor) -> Tensor:
        """(batch, tokens, dim) to (batch, tokens, out)."""
        return of_each(self.layers, tokens)


def of_each(layers: nn.Module, tokens: Tensor) -> Tensor:
    """(batch, tokens, out) what layers from (rows, dim) to (rows, out) make of each of (batch, tokens, dim)."""
    told: Tensor = layers(tokens.flatten(0, 1))
    return told.unflatten(0, tokens.shape[:2])


def tokens_of(features: Features) -> Tensor:
    """(batch, tokens, dim) which an encoder with "places" always gives."""
    return cast(Tensor, features.tokens)


def places_of(encoder: Encoder, view: Batch, features: Features) -> Tensor:
    """(batch, tokens, axes) where each token lies, in the coordinates of the samples themselves."""
    points = encoder.token_places(view, tokens_of(features).shape[1])
    return views.places(encoder.spec, view, points)


def apart(first: Tensor, second: Tensor, features: Features) -> Tensor:
    """(batch, tokens, others) distances of each vector of `first` to each of `second`, the tokens of `features`; far to padding."""
    distances = torch.cdist(first.detach().float(), second.detach().float())
    return distances if features.mask is None else distances.masked_fill(~features.mask[:, None], FAR)


def taken(tokens: Tensor, index: Tensor) -> Tensor:
    """(batch, n, dim) the tokens at (batch, n) places."""
    return tokens.gather(1, index[..., None].expand(-1, -1, tokens.shape[2]))


def real_of(features: Features) -> Tensor:
    """(batch, tokens) bool, True where a token is no padding."""
    if features.mask is not None:
        return features.mask
    return torch.ones(tokens_of(features).shape[:2], dtype=torch.bool, device=features.pooled.device)


def mean_of(tokens: Tensor, real: Tensor) -> Tensor:
    """(batch, dim) the mean of the real tokens of each sample."""
    return (tokens * real[..., None]).sum(1) / real.sum(1, keepdim=True).clamp(min=1)
