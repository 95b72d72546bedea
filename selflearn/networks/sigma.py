"""Linear layers whose largest singular value is a learned number: attention cannot become ever sharper by weights that grow.

Zhai et al., "Stabilizing Transformer Training by Preventing Attention Entropy Collapse", 2023 (sigmaReparam).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.errors import RecipeError


class SigmaLinear(nn.Linear):
    """A linear layer with the weight ``(gain / sigma(W)) * W``, where ``sigma(W)`` is the largest singular value of ``W``.

    Sigma is ``|W u|`` with ``u`` one step of power iteration further at each pass in training; its gradient leaves ``u`` alone.
    Ranks replicate ``u``: equal weights make equal steps.

    Parameters
    ----------
    own : the layer it stands for, whose parameters it takes over. It begins as the same function (``gain = sigma(W)``, as in the
        authors' code), so that pretrained layers keep what they know. Its weight must not be zero.
    """

    direction: Tensor

    def __init__(self, own: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = own.in_features, own.out_features
        self.weight, self.bias = own.weight, own.bias
        direction = _principal(own.weight.detach())
        self.register_buffer("direction", direction)
        self.gain = nn.Parameter((own.weight.detach() @ direction).norm()[None], requires_grad=own.weight.requires_grad)

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        with torch.autocast(inputs.device.type, enabled=False):
            if self.training and torch.is_grad_enabled():
                self._iterate()
            sigma = (self.weight @ self.direction.clone()).norm()  # a copy, for the next pass moves it before this one's backward
            weight = self.weight * (self.gain / sigma)
        return F.linear(inputs, weight, self.bias)

    @torch.no_grad()
    def _iterate(self) -> None:
        left = F.normalize(self.weight @ self.direction, dim=0)
        self.direction.copy_(F.normalize(self.weight.T @ left, dim=0))


def _principal(weight: Tensor) -> Tensor:
    """(inputs,) the right singular vector of the largest singular value, from the smaller of the two Gram matrices."""
    if weight.shape[1] <= weight.shape[0]:
        return torch.linalg.eigh(weight.T @ weight).eigenvectors[:, -1].contiguous()
    return F.normalize(weight.T @ torch.linalg.eigh(weight @ weight.T).eigenvectors[:, -1], dim=0)


def reparametrised(module: nn.Module) -> nn.Module:
    """The module with every linear layer replaced by a `SigmaLinear`; a weight of zeros has no direction, and stays as it is.

    Raises
    ------
    RecipeError : it has no linear layers.
    """
    places = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if type(child) is nn.Linear and bool(child.weight.any())
    ]
    if not places:
        raise RecipeError("linear: sigma is about linear layers, and this encoder has none; choose a transformer, such as vit-tiny")
    made = {child: SigmaLinear(child) for _, _, child in places}  # a layer that has two places is one layer
    for parent, name, child in places:
        setattr(parent, name, made[child])
    return module
