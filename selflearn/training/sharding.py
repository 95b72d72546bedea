"""Fully sharded data parallel: a rank holds its share of weights, gradients and optimiser state, and gathers what it computes with.

PyTorch's own `fully_shard` (FSDP2) does the work. What is stored is whole again: checkpoints are the same under any strategy.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor

from selflearn.ranks import world

UNIT = 1_000_000
"""Weights from which a member of a sequence of layers (a block of a transformer) is gathered and freed by itself."""

Module = TypeVar("Module", bound=nn.Module)


def sharded(module: Module, device: torch.device, unit: int = UNIT) -> Module:
    """A copy of a module on `device` that holds this rank's share; the original keeps what it has.

    Large members of sequences of layers are gathered one at a time, in forward and backward; all else is gathered as a whole.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (world(),))
    copied = copy.deepcopy(module).to(device)
    empty = {weight for weight in copied.parameters() if not weight.numel()}  # register tokens of a transformer that has none
    for part in reversed(list(copied.modules())):  # inner ones first
        if isinstance(part, nn.ModuleList | nn.Sequential):
            for member in part:
                if sum(weight.numel() for weight in member.parameters() if not isinstance(weight, DTensor)) >= unit:
                    fully_shard(member, mesh=mesh, ignored_params=empty)
    fully_shard(copied, mesh=mesh, ignored_params=empty)
    return copied


def local(tensor: Tensor) -> Tensor:
    """What of a tensor lies on this rank: all, unless it is sharded."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def whole(state: Any) -> Any:
    """A state with every sharded tensor made whole, on the CPU. All ranks must ask, for each gives its share."""
    if isinstance(state, DTensor):
        return state.full_tensor().cpu()
    if isinstance(state, Mapping):
        return {name: whole(value) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(whole(value) for value in state)
    return state


def load_method(method: nn.Module, saved: Mapping[str, Tensor]) -> None:
    """Give each rank its share of a whole state; of one that is not sharded, all.

    Raises
    ------
    RuntimeError : names or shapes differ.
    """
    own = method.state_dict()
    method.load_state_dict({name: _like(value, own.get(name)) for name, value in saved.items()})


def load_optimiser(optimiser: torch.optim.Optimizer, saved: Mapping[str, Any]) -> None:
    """The same for an optimiser's whole state.

    Raises
    ------
    ValueError : it is of other parameters.
    """
    weights = [weight for group in optimiser.param_groups for weight in group["params"]]
    state = {
        number: {name: _like(value, weights[number]) if number < len(weights) else value for name, value in kept.items()}
        for number, kept in saved["state"].items()
    }
    kernels: list[dict[str, Any]] = [
        {name: group[name] for name in ("fused", "foreach") if name in group} for group in optimiser.param_groups
    ]
    optimiser.load_state_dict({**saved, "state": state})
    for group, own in zip(optimiser.param_groups, kernels, strict=True):
        group.update(own)  # which kernels there are depends on how weights are held now


def _like(value: Any, example: Tensor | None) -> Any:
    """A whole tensor shared out as `example` is; what has another shape (a count of updates) stays as it is."""
    if isinstance(example, DTensor) and isinstance(value, Tensor) and value.shape == example.shape:
        return distribute_tensor(value.to(example.device), example.device_mesh, example.placements)
    return value
