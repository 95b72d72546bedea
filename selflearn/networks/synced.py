"""Batch norm over the joint batch of all ranks, on any device: PyTorch's own refuses CPU tensors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from selflearn.ranks import rank_sum, world


def standardised(values: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features at mean 0 and deviation 1 over the rows of all ranks; what a batch norm does before its weights.

    Parameters
    ----------
    values : (rows, features, ...) float32; ranks may hold different numbers of rows.

    Returns
    -------
    The values so brought, then mean (features,), biased variance (features,) and the number of rows they are of.
    """
    axes = [axis for axis in range(values.ndim) if axis != 1]
    shape = [1, -1] + [1] * (values.ndim - 2)
    rows = values.new_tensor([values.numel() / values.shape[1]])
    sums = rank_sum(torch.cat([values.sum(axes), rows]))
    mean, count = sums[:-1] / sums[-1], sums[-1].detach()
    centred = values - mean.view(shape)
    variance = rank_sum(centred.square().sum(axes)) / count
    return centred * (variance + eps).rsqrt().view(shape), mean, variance, count


class SyncedBatchNorm(_BatchNorm):
    """A batch norm whose statistics in training are those of all ranks' rows together; otherwise as the one it stands for.

    Mean and variance are found in two passes, each summed over ranks with its gradient, so that ranks together compute what one
    process with the joint batch would, to rounding; ranks may hold different numbers of rows.

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
        out, mean, variance, count = standardised(inputs.float(), self.eps)
        self._follow(mean, variance, count)
        if self.affine:
            shape = [1, -1] + [1] * (inputs.ndim - 2)
            out = out * self.weight.view(shape) + self.bias.view(shape)
        return out.to(inputs.dtype)

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
