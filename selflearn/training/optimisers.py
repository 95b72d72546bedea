"""Optimisers: PyTorch's SGD, Adam and AdamW, and LARS. Biases and the parameters of norms are neither decayed nor adapted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from selflearn.errors import RecipeError
from selflearn.training.settings import OptimiserSettings

Tensors = list[Tensor] | tuple[Tensor, ...]


class Lars(torch.optim.Optimizer):
    """Layer-wise adaptive rate scaling: every tensor moves by a like share of its own length.

    For weights ``w`` with gradient ``g``: ``d = g + decay * w``; ``d <- d * trust * |w| / |d|``; ``m <- momentum * m + d``;
    ``w <- w - lr * m``. Where ``|w|`` or ``|d|`` is zero, and in groups with ``adapt=False``, the factor is one.

    Source: You, Gitman, Ginsburg: Large Batch Training of Convolutional Networks, 2017. The length of the decayed gradient
    in place of ``|g| + decay * |w|``, and leaving biases and norms out, are usual here (SimCLR, Barlow Twins).

    Parameters
    ----------
    params : tensors or groups; a group's ``adapt`` (default True) says whether it is scaled.
    lr, momentum, weight_decay, trust : as above.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust: float = 1e-3,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust, "adapt": True})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every tensor that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if weights:
                self._update(group, weights)
        return loss

    def _update(self, group: dict[str, Any], weights: Tensors) -> None:
        change: Tensors = [weight.grad for weight in weights if weight.grad is not None]
        if group["weight_decay"]:
            change = torch._foreach_add(change, weights, alpha=group["weight_decay"])
        if group["adapt"]:
            change = torch._foreach_mul(change, _ratios(weights, change, group["trust"]))
        moving = [self._momentum(weight) for weight in weights]
        torch._foreach_mul_(moving, group["momentum"])
        torch._foreach_add_(moving, change)
        torch._foreach_add_(weights, moving, alpha=-group["lr"])

    def _momentum(self, weight: Tensor) -> Tensor:
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight, memory_format=torch.preserve_format)
        return state["momentum"]


def _ratios(weights: Tensors, change: Tensors, trust: float) -> list[Tensor]:
    lengths, changes = torch.stack(torch._foreach_norm(weights)), torch.stack(torch._foreach_norm(change))
    usable = (lengths > 0) & (changes > 0)
    return list(torch.where(usable, trust * lengths / torch.where(usable, changes, 1.0), 1.0).unbind())


def make_optimiser(model: nn.Module, settings: OptimiserSettings, samples: int, *, fused: bool = True) -> torch.optim.Optimizer:
    """The optimiser of a model's trainable parameters, in two groups: weights, and biases with norms (tensors of at most one axis).

    Every group carries ``peak``, its learning rate before the schedule, and ``decayed``.

    Parameters
    ----------
    model : its parameters with ``requires_grad`` are trained.
    settings : name and numbers.
    samples : samples in one update, for a rate that is meant per batch.
    fused : one kernel for the whole update, where the device has it; off where gradients must be seen unscaled (fp16).

    Raises
    ------
    RecipeError : there is nothing to train.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad and parameter.numel()]
    if not trained:
        raise RecipeError(f"{type(model).__name__} has no trainable parameters; unfreeze its encoder or give it a head")
    lr = settings.scaled(settings.lr, samples)
    biases = lr if settings.lr_biases is None else settings.scaled(settings.lr_biases, samples)
    groups: list[dict[str, Any]] = [
        {
            "params": [p for p in trained if p.ndim > 1],
            "lr": lr,
            "peak": lr,
            "weight_decay": settings.weight_decay,
            "decayed": True,
        },
        {"params": [p for p in trained if p.ndim <= 1], "lr": biases, "peak": biases, "weight_decay": 0.0, "decayed": False},
    ]
    if settings.name == "lars":
        groups[1]["adapt"] = False
        return Lars([group for group in groups if group["params"]], lr, settings.momentum, trust=settings.trust)
    groups = [group for group in groups if group["params"]]
    fused = fused and trained[0].device.type in {"cpu", "cuda"}
    if settings.name == "sgd" and isinstance(trained[0], DTensor):
        fused = False  # PyTorch's fused kernel of SGD, alone of the three, takes no sharded tensors
    quick = {"fused": True} if fused else {"foreach": True}
    if settings.name == "sgd":
        return torch.optim.SGD(groups, lr, momentum=settings.momentum, **quick)
    made = torch.optim.Adam if settings.name == "adam" else torch.optim.AdamW
    return made(groups, lr, betas=settings.betas, **quick)
