"""Batch norm over the joint batch of all ranks, on any device: PyTorch's own refuses CPU tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from selflearn.ranks import gathered, rank_sum, world


def standardised(values: Tensor, eps: float = 1e-5) -> Tensor:
    """Features at mean 0 and deviation 1 over the rows of all ranks; what a batch norm does before its weights.

    Parameters
    ----------
    values : (rows, features, ...); ranks may hold different numbers of rows.
    """
    return _Standardise.apply(values, *_statistics(values), None, None, eps)


@torch.no_grad()
def _statistics(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (features,), biased variance (features,) and the number of values each feature has, over all ranks.

    Each rank finds its own in PyTorch's one pass; they are put together as Chan et al. do, "Updating formulae and a pairwise
    algorithm for computing sample variances", 1979, which loses nothing where means are large beside deviations.
    """
    mean, variance = torch.batch_norm_update_stats(values.float(), None, None, 0.0)
    if world() == 1:
        return mean, variance, mean.new_tensor(values.numel() / values.shape[1])
    own = torch.cat([mean, variance, mean.new_tensor([values.numel() / values.shape[1]])])
    parts = gathered(own[None])
    means, variances, counts = parts.split([len(mean), len(mean), 1], dim=1)
    count = counts.sum()
    mean = (counts * means).sum(0) / count
    return mean, (counts * (variances + (means - mean).square())).sum(0) / count, count


class _Standardise(torch.autograd.Function):
    """PyTorch's kernels of a batch norm, with the statistics of all ranks; backward, sums over rows are sums over ranks."""

    @staticmethod
    def forward(
        context: Any,
        values: Tensor,
        mean: Tensor,
        variance: Tensor,
        count: Tensor,
        weight: Tensor | None,
        bias: Tensor | None,
        eps: float,
    ) -> Tensor:
        context.save_for_backward(values, mean, (variance + eps).rsqrt(), count, weight)
        return functional.batch_norm(values, mean, variance, weight, bias, training=False, eps=eps)

    @staticmethod
    @once_differentiable
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        values, mean, scale, count, weight = context.saved_tensors
        _, along, whole = torch.ops.aten.native_batch_norm_backward(
            gradient, values, weight, None, None, mean, scale, True, 0.0, [False, True, True]
        )  # sums of the gradient times the standardised values, and of the gradient, of this rank
        means = rank_sum(torch.stack([along, whole])) / count
        # gradient of a value: scale * weight * (g - mean of g - standardised value * mean of g times it), one line a feature
        shape = [1, -1] + [1] * (values.ndim - 2)
        factor = scale if weight is None else scale * weight
        slope = -factor * scale * means[0]
        level = -factor * means[1] - slope * mean
        own = torch.addcmul(level.view(shape), values.float(), slope.view(shape)).addcmul_(gradient.float(), factor.view(shape))
        learns = weight is not None
        return own.to(values.dtype), None, None, None, along if learns else None, whole if learns else None, None


class SyncedBatchNorm(_BatchNorm):
    """A batch norm whose statistics in training are those of all ranks' rows together; otherwise as the one it stands for.

    Ranks together compute what one process with the joint batch would, to rounding; they may hold different numbers of rows.

    Parameters
    ----------
    own : the batch norm it stands for, whose parameters and buffers it shares.
    """

    def __init__(self, own: _BatchNorm) -> None:
        super().__init__(own.num_features, own.eps, own.momentum, own.affine, own.track_running_stats)
        self._parameters, self._buffers = own._parameters, own._buffers
        self.training = own.training

    def forward(self, inputs: Tensor) -> Tensor:
        """Any (rows, features, ...)."""
        if not self.training or world() == 1:
            return super().forward(inputs)
        mean, variance, count = _statistics(inputs)
        self._follow(mean, variance, count)
        return _Standardise.apply(inputs, mean, variance, count, self.weight, self.bias, self.eps)

    @torch.no_grad()
    def _follow(self, mean: Tensor, variance: Tensor, count: Tensor) -> None:
        """The running statistics, with the unbiased variance, as PyTorch keeps them."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.detach().to(self.running_mean.dtype), share)
        self.running_var.lerp_((variance.detach() * count / (count - 1).clamp(min=1)).to(self.running_var.dtype), share)

    def _check_input_dim(self, inputs: Tensor) -> None:
        """Any number of axes after the second."""


@contextmanager
def synced(module: nn.Module) -> Iterator[None]:
    """Meanwhile every batch norm in `module` has statistics over all ranks; afterwards each is its old self again."""
    places = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if isinstance(child, _BatchNorm) and world() > 1
    ]
    try:
        for parent, name, child in places:
            setattr(parent, name, SyncedBatchNorm(child))
        yield
    finally:
        for parent, name, child in places:
            child.train(getattr(parent, name).training)
            setattr(parent, name, child)
