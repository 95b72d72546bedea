"""Spectral alignment: on which side of the direction that a linear layer amplifies most its inputs lie.

In healthy training inputs lie on both sides. Where they come to lie on one, every update pushes the layer's largest singular value
the same way, and the loss explodes soon after (Qiu et al., "Spectral Alignment as Predictor of Loss Explosion in Neural Network
Training", 2025).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROUNDS = 16  # of power iteration: enough where one direction stands out, which is the case to be told
ROWS = 4096  # inputs that are looked at


@contextmanager
def aligned(module: nn.Module, found: dict[str, Tensor]) -> Iterator[None]:
    """Meanwhile the first pass through each linear layer of `module` leaves its `sign_diversity` in `found`, by its name."""

    def look(name: str, layer: nn.Linear, inputs: Tensor) -> None:
        if name not in found and inputs.ndim > 1:
            found[name] = sign_diversity(inputs.detach().flatten(0, -2)[:ROWS].float(), principal(layer.weight.detach().float()))

    layers = {name: layer for name, layer in module.named_modules() if isinstance(layer, nn.Linear) and layer.weight.numel()}
    hooks = [
        layer.register_forward_pre_hook(lambda layer, args, name=name: look(name, layer, args[0])) for name, layer in layers.items()
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


@torch.no_grad()
def principal(weight: Tensor) -> Tensor:
    """(inputs,) about the right singular vector of the largest singular value, of either sign; a function of the weight alone."""
    direction = weight[weight.square().sum(1).argmax()]
    for _ in range(ROUNDS):
        direction = F.normalize(weight.T @ F.normalize(weight @ direction, dim=0), dim=0)
    return direction


@torch.no_grad()
def sign_diversity(inputs: Tensor, direction: Tensor) -> Tensor:
    """Twice the smaller share of (rows, inputs) on either side of a direction: 1 where both hold as many, 0 where all are on one.

    Rows of zeros (padding) count for neither.
    """
    along = inputs @ direction
    above, below = (along > 0).sum(), (along < 0).sum()
    return 2 * torch.minimum(above, below) / (above + below).clamp(min=1)
