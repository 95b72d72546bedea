"""What a token is, as a vector, without its surroundings: the local encoder of methods that contrast tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.networks.encoder import Encoder
from selflearn.networks.features import TokenContent
from selflearn.networks.heads import mlp


class ContentNetwork(nn.Module):
    """Two layers on a token's numbers, or a vector of its class; positions and other tokens have no part in it.

    Parameters
    ----------
    encoder : says what its tokens are; it is not kept.
    out : length of the vectors, which leave a layer norm.
    """

    def __init__(self, encoder: Encoder, out: int) -> None:
        super().__init__()
        numbers, classes = encoder.content_size()
        self.numbers = mlp([numbers, out, out], norm="layer", last_norm=True, activation="gelu") if numbers else None
        self.classes = nn.Embedding(classes, out) if classes else None

    def forward(self, content: TokenContent) -> Tensor:
        """(batch, tokens, out); of a token that is nothing, what an empty one would have."""
        made = None if self.numbers is None or content.values is None else self.numbers(content.values)
        if self.classes is None or content.classes is None:
            return made if made is not None else torch.empty(0)
        named: Tensor = self.classes(content.classes.clamp(min=0))
        return named if made is None else torch.where(content.classes[..., None] >= 0, named.to(made.dtype), made)
