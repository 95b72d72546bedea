"""Optimisers: PyTorch's SGD, Adam and AdamW, and LARS. Biases and the parameters of norms are neither decayed nor adapted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from selflearn.errors import RecipeError
from selflearn.networks import layer_depths
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

    Every group carries ``peak``, its learning rate before the schedule, and ``decayed``. With a `layer_decay` below 1 there are as
    many groups of either kind as the encoder has layers: see `layer_scales`.

    Parameters
    ----------
    model : its parameters with ``requires_grad`` are trained.
    settings : name and numbers.
    samples : samples in one update, for a rate that is meant per batch.
    fused : one kernel for the whole update, where the device has it; off where gradients must be seen unscaled (fp16).

    Raises
    ------
    RecipeError : there is nothing to train, or no layers for `layer_decay` to tell apart.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad and parameter.numel()]
    if not trained:
        raise RecipeError(f"{type(model).__name__} has no trainable parameters; unfreeze its encoder or give it a head")
    groups = _groups(model, trained, settings, samples)
    lr = settings.scaled(settings.lr, samples)
    if settings.name == "lars":
        for group in groups:
            group["adapt"] = group["decayed"]
        return Lars(groups, lr, settings.momentum, trust=settings.trust)
    fused = fused and trained[0].device.type in {"cpu", "cuda"}
    if settings.name == "sgd" and isinstance(trained[0], DTensor):
        fused = False  # PyTorch's fused kernel of SGD, alone of the three, takes no sharded tensors
    quick = {"fused": True} if fused else {"foreach": True}
    if settings.name == "sgd":
        return torch.optim.SGD(groups, lr, momentum=settings.momentum, **quick)
    made = torch.optim.Adam if settings.name == "adam" else torch.optim.AdamW
    return made(groups, lr, betas=settings.betas, **quick)


def layer_scales(model: nn.Module, decay: float) -> dict[nn.Parameter, float]:
    """What each parameter of a method's encoder has for a share of the rate: ``decay^(layers + 1 - layer)``.

    Embeddings are layer 0; what comes after the last layer (a norm), and everything outside the encoder, has the whole rate.

    Source: Clark et al., "ELECTRA: Pre-training Text Encoders as Discriminators Rather Than Generators", 2020; so numbered in Bao
    et al., "BEiT: BERT Pre-Training of Image Transformers", 2022.

    Raises
    ------
    RecipeError : the model has no encoder, or the encoder no layers.
    """
    encoder = getattr(model, "encoder", None)
    if not isinstance(encoder, nn.Module):
        raise RecipeError(f"layer_decay is about the layers of an encoder, and {type(model).__name__} has none")
    depths, top = layer_depths(encoder)
    return {weight: decay ** (top - depths[name]) for name, weight in encoder.named_parameters()}


def _groups(model: nn.Module, trained: list[nn.Parameter], settings: OptimiserSettings, samples: int) -> list[dict[str, Any]]:
    """Weights, then biases; within each, what learns fastest first."""
    lr = settings.scaled(settings.lr, samples)
    biases = lr if settings.lr_biases is None else settings.scaled(settings.lr_biases, samples)
    scales = layer_scales(model, settings.layer_decay) if settings.layer_decay < 1 else {}
    groups: list[dict[str, Any]] = []
    for decayed, peak in ((True, lr), (False, biases)):
        own = [weight for weight in trained if (weight.ndim > 1) == decayed]
        for scale in sorted({scales.get(weight, 1.0) for weight in own}, reverse=True):
            rate = peak * scale
            groups.append(
                {
                    "params": [weight for weight in own if scales.get(weight, 1.0) == scale],
                    "lr": rate,
                    "peak": rate,
                    "weight_decay": settings.weight_decay if decayed else 0.0,
                    "decayed": decayed,
                }
            )
    return groups
