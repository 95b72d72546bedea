"""Hidden units: what lies between two layers of weights, so that one unit can be taken away and another put in its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Weights = nn.Linear | nn.Conv1d | nn.Conv2d
KEEPING = (_BatchNorm, nn.LayerNorm, nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Dropout, nn.MaxPool2d, nn.AvgPool2d, nn.Identity)
"""Layers that leave units apart from each other (but for a layer norm's common scale)."""


@dataclass(frozen=True)
class Units:
    """The units between two layers.

    Attributes
    ----------
    name : of the layer that they come from.
    into, out : the layers before and after them; unit ``i`` is output ``i`` of the first and input ``i`` of the second.
    norm : the norm between them, or None.
    """

    name: str
    into: Weights
    out: Weights
    norm: nn.Module | None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.into.weight)

    def seen(self, inputs: Tensor) -> Tensor:
        """(rows, units) their values, from what the second layer is given."""
        values = inputs.detach().float()
        return values.flatten(0, -2) if isinstance(self.out, nn.Linear) else values.transpose(0, 1).flatten(1).T

    @torch.no_grad()
    def replace(self, which: Tensor, mean: Tensor, generator: torch.Generator) -> None:
        """New incoming weights for the units `which`, none outgoing; what they said on average, `mean`, stays in the bias after."""
        fan = self.into.weight[0].numel()
        bound = (6 / fan) ** 0.5  # Kaiming's for ReLU
        drawn = torch.rand(len(which), *self.into.weight.shape[1:], generator=generator) * 2 * bound - bound
        self.into.weight[which] = drawn.to(self.into.weight)
        if self.into.bias is not None:
            self.into.bias[which] = 0.0
        for name, value in (("weight", 1.0), ("bias", 0.0), ("running_mean", 0.0), ("running_var", 1.0)):
            kept = getattr(self.norm, name, None)
            if kept is not None:
                kept[which] = value
        if self.out.bias is not None:
            leaving = self.out.weight[:, which] if self.out.weight.ndim == 2 else self.out.weight[:, which].flatten(2).sum(2)
            self.out.bias += leaving @ mean[which].to(leaving)
        self.out.weight[:, which] = 0.0

    def slices(self, which: Tensor) -> Iterator[tuple[Tensor, tuple[Any, ...]]]:
        """Every trained tensor that belongs to some units, and where in it they lie."""
        for owner in (self.into, self.norm):
            for weight in () if owner is None else owner.parameters(recurse=False):
                yield weight, (which,)
        yield self.out.weight, (slice(None), which)


def hidden_units(module: nn.Module) -> list[Units]:
    """All units that can be told apart: in sequences of layers, and between layers that a module calls ``widen`` and ``narrow``.

    Layers whose weights are not trained, not plain, or of several groups have none.
    """
    found = []
    for name, part in module.named_modules():
        if isinstance(part, nn.Sequential):
            found += list(_in_sequence(name, part))
        into, out = getattr(part, "widen", None), getattr(part, "narrow", None)
        if _plain(into) and _plain(out):
            found.append(Units(f"{name}.widen".lstrip("."), into, out, None))
    return [units for units in found if units.into.weight.requires_grad and units.out.weight.requires_grad]


def _in_sequence(name: str, sequence: nn.Sequential) -> Iterator[Units]:
    last: tuple[str, Weights] | None = None
    norm: nn.Module | None = None
    for child, layer in sequence.named_children():
        if _plain(layer):
            if last is not None and type(layer) is type(last[1]) and layer.weight.shape[1] == len(last[1].weight):
                yield Units(last[0], last[1], layer, norm)
            last, norm = (f"{name}.{child}".lstrip("."), layer), None
        elif isinstance(layer, KEEPING):
            norm = layer if isinstance(layer, _BatchNorm | nn.LayerNorm) else norm
        else:
            last = None


def _plain(layer: object) -> TypeGuard[Weights]:
    return type(layer) in {nn.Linear, nn.Conv1d, nn.Conv2d} and getattr(layer, "groups", 1) == 1
