"""The contract of an encoder. Everything that knows how raw values become vectors lies behind it."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.spec import Spec
from selflearn.errors import RecipeError
from selflearn.networks.decoders import TokenDecoder
from selflearn.networks.features import Answers, Features, TokenContent, TokenMask


class Encoder(nn.Module, ABC):
    """A network from a view (a batch at the unit scale of its kind) to `Features`.

    It standardises its input itself (mean and deviation come with `spec`), so preprocessing travels with it.

    Attributes
    ----------
    spec : the kind's description of the data this encoder reads.
    dim : length of `Features.pooled` and of each token.
    settings : plain JSON from which `networks.build(spec, **settings)` makes an equal, untrained encoder.
    capabilities : what methods may ask for: "tokens" (returns tokens), "mask-drop", "mask-replace", "mask-show" (accepts such a
        `TokenMask`), "mask-borrow" (accepts one that borrows), "causal" (tokens have an order, and each knows of none after
        it), "layers" (gives every block's tokens), "dropout" (two passes over one view differ while training), "any-size" (accepts
        views of other sizes than its own, as multi-crop needs), "answers" (tells targets of a batch that it is not shown),
        "places" (returns tokens that lie at places of the view, whether or not each is a piece of it: patches, frames, the places
        of a convolutional map).
    """

    spec: Spec
    dim: int
    settings: dict[str, Any]
    capabilities: frozenset[str] = frozenset()

    @abstractmethod
    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        """Encode a view; hide the tokens of `mask`; keep every block's output if `layers`."""

    def token_grid(self) -> tuple[int, ...]:
        """How tokens are laid out, e.g. (rows, columns); their product is the number of tokens of a global view, or the most of
        them where samples differ in length.
        """
        raise self._tokenless()

    def token_real(self, batch: Batch) -> Tensor:
        """(batch, tokens) bool, True where a token of this view is real and no padding."""
        return torch.ones(len(batch), math.prod(self.token_grid()), dtype=torch.bool, device=batch.device)

    def token_places(self, batch: Batch, tokens: int) -> Tensor:
        """Where the tokens that it made of this view lie in it, for encoders with "places".

        Parameters
        ----------
        tokens : how many it made.

        Returns
        -------
        (batch, tokens, axes) float32: the middle of each, as a share of the view's extent along each axis of its values (down and
        across a picture, along time). `views.places` tells where that is in the sample.
        """
        raise self._tokenless()

    def token_content(self, batch: Batch) -> TokenContent:
        """The view itself, cut into what its tokens are: what a masked method restores."""
        raise self._tokenless()

    def content_size(self) -> tuple[int, int]:
        """How many numbers `token_content` has for each token, and how many classes: what a decoder must say."""
        raise self._tokenless()

    def decoder(self, width: int, depth: int, heads: int) -> nn.Module:
        """A small network from tokens to their content, called as ``decoder(tokens, mask, batch)``.

        It returns (batch, tokens, numbers + classes): first the numbers, then a logit for each class. Here: a transformer; a
        kind whose tokens have relations of their own (graphs) brings its own.
        """
        return TokenDecoder(self.dim, self.token_grid(), width, depth, heads, sum(self.content_size()), self.token_real)

    def answers(self, batch: Batch) -> Answers:
        """What it tells of the targets that the batch hides from it."""
        name = self.settings.get("name", type(self).__name__)
        raise RecipeError(f"the encoder {name} answers nothing: its data has no targets in its samples")

    def _tokenless(self) -> RecipeError:
        name = self.settings.get("name", type(self).__name__)
        return RecipeError(f"the encoder {name} has no tokens; choose one that has, such as vit-tiny for pictures")
