"""The contract of an encoder. Everything that knows how raw values become vectors lies behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.spec import Spec
from selflearn.errors import RecipeError
from selflearn.networks.features import Features, TokenMask


class Encoder(nn.Module, ABC):
    """A network from a view (a batch at the unit scale of its kind) to `Features`.

    It standardises its input itself (mean and deviation come with `spec`), so preprocessing travels with it.

    Attributes
    ----------
    spec : the kind's description of the data this encoder reads.
    dim : length of `Features.pooled` and of each token.
    settings : plain JSON from which `networks.build(spec, **settings)` makes an equal, untrained encoder.
    capabilities : what methods may ask for: "tokens" (returns tokens), "mask-drop", "mask-replace" (accepts such a `TokenMask`),
        "any-size" (accepts views of other sizes than its own, as multi-crop needs).
    """

    spec: Spec
    dim: int
    settings: dict[str, Any]
    capabilities: frozenset[str] = frozenset()

    @abstractmethod
    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        """Encode a view; hide the tokens of `mask`; keep every block's output if `layers`."""

    def token_grid(self) -> tuple[int, ...]:
        """How tokens are laid out, e.g. (rows, columns); their product is the number of tokens of a global view."""
        raise RecipeError(f"{type(self).__name__} has no tokens; choose an encoder with tokens, such as vit-tiny")

    def token_values(self, batch: Batch) -> Tensor:
        """(batch, tokens, values) the view itself cut into the tokens' pieces, standardised: what a masked method restores."""
        raise RecipeError(f"{type(self).__name__} has no tokens; choose an encoder with tokens, such as vit-tiny")

    def token_length(self) -> int:
        """How many values `token_values` has for each token: what a decoder must predict."""
        raise RecipeError(f"{type(self).__name__} has no tokens; choose an encoder with tokens, such as vit-tiny")
