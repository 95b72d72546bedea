"""A product codebook that is learned by gradient: each vector chooses one entry of every group, with noise while learning."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from selflearn.errors import RecipeError


@dataclass
class Chosen:
    """What a `GumbelCodebook` makes of vectors.

    Attributes
    ----------
    vectors : (..., out) the entries chosen, side by side.
    probabilities : (..., groups, entries) softmax of the logits, without noise or temperature.
    codes : (..., groups) int64 the entries' numbers.
    """

    vectors: Tensor
    probabilities: Tensor
    codes: Tensor


class GumbelCodebook(nn.Module):
    """``argmax_v (l_gv + noise)`` in each group ``g``, whose gradient is that of ``softmax((l + noise) / temperature)``.

    In evaluation there is no noise. Ranks replicate: gradients agree; each draws noise for its own vectors.

    Parameters
    ----------
    dim : length of the vectors.
    groups, entries : of the codebook: ``entries ** groups`` codes.
    out : length of what stands for a vector; a multiple of `groups`.

    Source: Baevski et al., "wav2vec 2.0: A Framework for Self-Supervised Learning of Speech Representations", 2020; Jang et al.,
    "Categorical Reparameterization with Gumbel-Softmax", 2017.
    """

    def __init__(self, dim: int, groups: int, entries: int, out: int) -> None:
        super().__init__()
        if out % groups:
            raise RecipeError(f"the codebook's width of {out} must be a multiple of its {groups} groups")
        self.groups, self.entries = groups, entries
        self.logits = nn.Linear(dim, groups * entries)
        self.table = nn.Parameter(torch.rand(groups, entries, out // groups))
        nn.init.normal_(self.logits.weight)  # both as the authors begin
        nn.init.zeros_(self.logits.bias)

    def forward(self, vectors: Tensor, temperature: Tensor | float, generator: torch.Generator) -> Chosen:
        """(..., dim) to what is chosen.

        Parameters
        ----------
        vectors : (..., dim).
        temperature : > 0, of the gradient.
        generator : of the noise.
        """
        logits = self.logits(vectors).float().unflatten(-1, (self.groups, self.entries))
        noisy = logits + self.noise(logits, generator) if self.training else logits
        soft = (noisy / temperature).softmax(dim=-1)
        codes = noisy.argmax(dim=-1)
        hard = torch.zeros_like(soft).scatter_(-1, codes[..., None], 1.0)
        choice = hard + soft - soft.detach()  # forward the one entry, backward the soft choice
        found = torch.einsum("...gv,gvd->...gd", choice, self.table.float())
        return Chosen(found.flatten(-2), logits.softmax(dim=-1), codes)

    def noise(self, logits: Tensor, generator: torch.Generator) -> Tensor:
        """Standard Gumbel noise in the shape of the logits."""
        drawn = torch.rand(logits.shape, generator=generator, device=generator.device).to(logits.device)
        return -(-drawn.clamp(1e-20, 1 - 1e-7).log()).log()
