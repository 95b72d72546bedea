"""A network as it was at one moment: it is asked, and never trained."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn


class Frozen(nn.Module):
    """A copy that needs no gradient and stays in evaluation whatever the mode. Ranks replicate: the copy is of equal networks.

    Parameters
    ----------
    network : copied as it is now.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).requires_grad_(False).eval()

    @torch.no_grad()
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the network says, without a gradient."""
        return self.network(*args, **kwargs)

    def train(self, mode: bool = True) -> Frozen:
        """The copy stays in evaluation."""
        super().train(mode)
        self.network.eval()
        return self
