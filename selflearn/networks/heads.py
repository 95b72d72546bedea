"""Heads: the small networks between an encoder and an objective. One function makes every usual projector and predictor."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from selflearn.errors import RecipeError

NORMS = ("batch", "layer")
ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU}


def mlp(
    sizes: Sequence[int],
    norm: str | None = "batch",
    last_norm: bool = False,
    last_affine: bool = True,
    activation: str = "relu",
    bias: bool = True,
) -> nn.Sequential:
    """Linear layers from `sizes[0]` to `sizes[-1]`; every one but the last is followed by its norm and activation.

    Parameters
    ----------
    sizes : widths, at least two: input, hidden ..., output.
    norm : "batch", "layer" or None, after each hidden layer (and after the last if `last_norm`).
    last_norm : whether the output is normalised too.
    last_affine : whether that last norm learns scale and shift.
    activation : "relu" or "gelu".
    bias : whether layers without a norm have a bias; a layer with one never has, for the norm would remove it.

    Examples
    --------
    The projectors and predictors of the publications, for an encoder of 512 dimensions:

    >>> simclr = mlp([512, 512, 128], last_norm=True)
    >>> barlow_twins = mlp([512, 2048, 2048, 2048], bias=False)
    >>> byol_projector, byol_predictor = mlp([512, 4096, 256]), mlp([256, 4096, 256])
    >>> simsiam = mlp([512, 2048, 2048, 2048], last_norm=True, last_affine=False)
    >>> dino = nn.Sequential(mlp([512, 2048, 2048, 256], norm=None, activation="gelu"), PrototypeLayer(256, 4096))
    >>> dino(torch.zeros(2, 512)).shape
    torch.Size([2, 4096])
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise RecipeError(f"a head needs at least two sizes, each at least 1 (input, hidden ..., output), not {list(sizes)}")
    if norm is not None and norm not in NORMS:
        raise RecipeError(f"norm = {norm!r} of a head must be one of {', '.join(NORMS)} or none")
    if activation not in ACTIVATIONS:
        raise RecipeError(f"activation = {activation!r} of a head must be one of {', '.join(ACTIVATIONS)}")
    layers: list[nn.Module] = []
    for number, (inputs, outputs) in enumerate(pairwise(sizes), start=2):
        last = number == len(sizes)
        normed = norm is not None and (last_norm or not last)
        layers.append(nn.Linear(inputs, outputs, bias=bias and not normed))
        if normed:
            layers.append(_norm(str(norm), outputs, last_affine or not last))
        if not last:
            layers.append(ACTIVATIONS[activation]())
    return nn.Sequential(*layers)


def _norm(norm: str, width: int, affine: bool) -> nn.Module:
    return nn.BatchNorm1d(width, affine=affine) if norm == "batch" else nn.LayerNorm(width, elementwise_affine=affine)


class PrototypeLayer(nn.Module):
    """Cosine similarity of each vector to learned prototypes: logits in [-1, 1].

    DINO's weight-normalised last layer with its gain held at one, after an l2-normalised bottleneck
    (Caron et al., Emerging Properties in Self-Supervised Vision Transformers, 2021), and SwAV's prototypes.

    Parameters
    ----------
    dim : length of the vectors.
    count : number of prototypes.
    """

    def __init__(self, dim: int, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(F.normalize(torch.randn(count, dim), dim=1))

    def forward(self, vectors: Tensor) -> Tensor:
        """(batch, dim) to (batch, count)."""
        return F.linear(F.normalize(vectors, dim=-1), F.normalize(self.weight, dim=-1))
