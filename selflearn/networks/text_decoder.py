"""From a hidden token's vector to what it was, by the encoder's own table of tokens."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.networks.features import TokenMask


class WordDecoder(nn.Module):
    """A layer, a norm, and the product with each token's own vector.

    The head of Devlin et al., BERT, 2019; the shared table is Press and Wolf, Using the Output Embedding to Improve Language
    Models, 2017.

    Only hidden tokens are told, for a vocabulary is large: all others get zeros.

    Parameters
    ----------
    dim : length of the encoder's tokens.
    table : the encoder's table of tokens, which stays the encoder's: it is neither copied nor listed among this module's
    parameters.
    """

    def __init__(self, dim: int, table: nn.Embedding) -> None:
        super().__init__()
        self._table = (table,)
        self.change, self.norm = nn.Linear(dim, dim), nn.LayerNorm(dim)
        self.scale = nn.Parameter(torch.tensor(float(dim) ** -0.5))
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings))

    def forward(self, tokens: Tensor, mask: TokenMask, batch: Batch | None = None) -> Tensor:
        """(batch, tokens, dim) to logits (batch, tokens, vocabulary), zero where a token is not hidden."""
        hidden = mask.hidden
        changed = self.norm(F.gelu(self.change(tokens[hidden])))
        told = (changed @ self._table[0].weight.t().to(changed.dtype)) * self.scale + self.bias.to(changed.dtype)
        logits = told.new_zeros(*hidden.shape, told.shape[1])
        return logits.masked_scatter(hidden[..., None], told)
