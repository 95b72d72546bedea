"""What a gradient stage can be told: optimiser, schedule, batch, precision. Plain data, so that recipes and runs can hold it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from selflearn.training.budget import Budget, parse_budget
from selflearn.training.combining import Combine


def _budget(value: Any) -> Any:
    return parse_budget(value) if isinstance(value, str) else value


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OptimiserSettings(_Settings):
    """How weights follow gradients.

    Attributes
    ----------
    name : "sgd" (with momentum), "adam" (its decay is part of the gradient), "adamw" or "lars".
    lr : peak learning rate, > 0.
    per : the batch that `lr` is meant for; the rate is scaled linearly to the real one. None takes `lr` as it is.
    weight_decay : >= 0; biases and the parameters of norms are never decayed.
    final_weight_decay : where the decay ends, along a cosine (as DINO has it); None keeps it constant.
    momentum : of sgd and lars, in [0, 1).
    betas : of adam and adamw.
    trust : LARS's trust coefficient.
    lr_biases : peak rate of biases and norms (Barlow Twins has another one for LARS); None takes `lr`.
    layer_decay : for fine-tuning: the rate of each layer of the encoder as a share of that of the layer above it, in (0, 1].
    """

    name: Literal["sgd", "adam", "adamw", "lars"] = "adamw"
    lr: float = Field(default=1e-3, gt=0)
    per: int | None = Field(default=None, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    final_weight_decay: float | None = Field(default=None, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.999)
    trust: float = Field(default=1e-3, gt=0)
    lr_biases: float | None = Field(default=None, gt=0)
    layer_decay: float = Field(default=1.0, gt=0, le=1)

    def scaled(self, lr: float, samples: int) -> float:
        """A rate of these settings for an update of this many samples."""
        return lr if self.per is None else lr * samples / self.per


class ScheduleSettings(_Settings):
    """The learning rate as a function of the share of the budget used.

    Attributes
    ----------
    warmup : share of the budget over which the rate rises linearly, in [0, 1).
    shape : what follows: "cosine" or "linear" to the final rate, "constant", or "infinite", for learning that goes on with other
        data: down to a plateau, and only at the end, for what is to be used, to the final rate.
    final : the final rate as a share of the peak, in [0, 1]; above 0 where "infinite" anneals.
    cooldown : of "infinite": share of the budget over which the rate falls from the peak to the plateau; 0 to start there.
    plateau : of "infinite": the constant rate as a share of the peak, in (0, 1].
    annealing : of "infinite": the last share of the budget, over which the rate falls to the final one; 0 ends on the plateau.
    """

    warmup: float = Field(default=0.1, ge=0, lt=1)
    shape: Literal["cosine", "linear", "constant", "infinite"] = "cosine"
    final: float = Field(default=0.0, ge=0, le=1)
    cooldown: float = Field(default=0.1, ge=0, lt=1)
    plateau: float = Field(default=0.5, gt=0, le=1)
    annealing: float = Field(default=0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _phases_fit(self) -> ScheduleSettings:
        if self.shape != "infinite":
            return self
        if self.warmup + self.cooldown + self.annealing > 1:
            raise ValueError("warmup, cooldown and annealing are shares of one budget: together at most 1")
        if self.annealing and not 0 < self.final <= self.plateau:
            raise ValueError(
                f"the rate anneals exponentially from the plateau ({self.plateau:g}): set final above 0 and not above it, such as "
                f"{self.plateau / 100:g}, or annealing to 0"
            )
        return self


class ReplaceSettings(_Settings):
    """Which hidden units are replaced while a network learns (continual backpropagation).

    Attributes
    ----------
    rate : share of the units that are old enough replaced in each update, in (0, 1); parts of a unit add up.
    maturity : updates before a unit can be replaced.
    memory : of the running mean of a unit's utility, in [0, 1): 0.99 remembers about a hundred updates.
    """

    rate: float = Field(default=1e-4, gt=0, lt=1)
    maturity: int = Field(default=100, ge=0)
    memory: float = Field(default=0.99, ge=0, lt=1)


class FitSettings(_Settings):
    """Everything a gradient stage needs beside method, data and views.

    Attributes
    ----------
    batch : samples in a micro-batch, of all processes together, >= 2.
    accumulate : micro-batches in an update.
    clip : largest gradient norm, or None.
    combine : how a method's several losses make one step: their "sum", or "pareto", the mixture that lowers all of them, or
        "pareto-unit", that of gradients at length 1 (both take a backward pass for each loss).
    budget : when the stage ends; text such as "10min" is read.
    strategy : what processes that learn together hold: "ddp" all weights each, "fsdp" a share of weights, gradients and optimiser
        state each. It changes memory, not what is learned.
    compile : let torch.compile write kernels for this encoder: a minute at the start, worth it on GPUs and long runs.
    precision : "auto" chooses by what the machine has; "32", "bf16" (autocast) or "16" (autocast with loss scaling, GPU only).
    device : "auto", "cpu", "cuda", "cuda:1", "mps".
    workers : reading processes for streamed data; None chooses. Data in memory never needs one.
    seed : of batches, views and everything else that is drawn.
    checkpoint_every : seconds between checkpoints.
    monitor_every : updates between looks of the monitors.
    alignment : the monitors look at the spectral alignment of the encoder's linear layers, too (`sign_diversity` in the metrics),
        and alarm where its mean stays below this, in [0, 1]; 0 only looks, None does not. Contrastive transformers that learned
        stayed above 0.5 and those that did not below 0.3, but MAE learns well at 0.15 for a while: look first.
    replace_units : hidden units of little use are replaced by new ones, for learning that never ends; None replaces none.
    """

    optimiser: OptimiserSettings = OptimiserSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    batch: int = Field(default=256, ge=2)
    accumulate: int = Field(default=1, ge=1)
    clip: float | None = Field(default=None, gt=0)
    combine: Combine = "sum"
    budget: Annotated[Budget, BeforeValidator(_budget), PlainSerializer(str)] = Budget(120.0, "seconds")
    strategy: Literal["ddp", "fsdp"] = "ddp"
    compile: bool = False
    precision: Literal["auto", "32", "bf16", "16"] = "auto"
    device: str = "auto"
    workers: int | None = Field(default=None, ge=0)
    seed: int = Field(default=0, ge=0)
    checkpoint_every: float = Field(default=30.0, gt=0)
    monitor_every: int = Field(default=10, ge=1)
    alignment: float | None = Field(default=None, ge=0, le=1)
    replace_units: ReplaceSettings | None = None

    @model_validator(mode="after")
    def _hooks_see_what_is_not_compiled(self) -> FitSettings:
        for name in ("alignment", "replace_units"):
            if self.compile and getattr(self, name) is not None:
                raise ValueError(f"{name} looks between layers, which compile makes one: leave one of the two out")
        return self
