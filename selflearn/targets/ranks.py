"""How ranks agree on what they compare and keep: gathered rows, averaged statistics. Alone, both change nothing."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def _alone() -> bool:
    return not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1


def rank() -> int:
    """The number of this process among those that train together; 0 alone."""
    return 0 if _alone() else dist.get_rank()


def world() -> int:
    """How many processes train together."""
    return 1 if _alone() else dist.get_world_size()


class _Gather(torch.autograd.Function):
    """Rows of all ranks forward; backward, the sum of what all ranks' losses ask of this rank's rows.

    Every rank computes the loss of the whole batch, and data parallelism averages the gradients of parameters over ranks:
    the sum makes that average the gradient that one process with the whole batch would have.
    """

    @staticmethod
    def forward(context: Any, tensor: Tensor) -> Tensor:
        context.rows = len(tensor)
        parts = [torch.empty_like(tensor) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, tensor.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        first = dist.get_rank() * context.rows
        return gradient[first : first + context.rows]


def gathered(tensor: Tensor) -> Tensor:
    """The rows of every rank, in order of rank, with gradients that reach their owners. Ranks must hold equally many."""
    return tensor if _alone() else _Gather.apply(tensor)


def rank_mean(tensor: Tensor) -> Tensor:
    """The mean over ranks of a statistic, detached."""
    tensor = tensor.detach()
    if _alone():
        return tensor
    total = tensor.clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()
