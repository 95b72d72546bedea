"""Monitors: what is watched while a method learns, and when that is reason enough to stop with a verdict."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from selflearn.measures.verdict import Verdict

ROWS = 256  # embeddings that are looked at: enough to tell any rank below 256, and its eigenvalues take milliseconds
PATIENCE = 3  # looks in a row that must agree: one odd batch is no collapse
SETTLING = 5  # looks whose median is what a healthy start shows

LEAST_DEVIATION = 0.01
LEAST_SHARE = 0.02
LEAST_RANK = 1.05
MOST_WEIGHT = 30.0


@dataclass(frozen=True)
class Reading:
    """What one look saw.

    Attributes
    ----------
    loss : the total loss.
    grad_norm : length of the whole gradient, before clipping.
    weight_norm : root mean square of all trained weights.
    deviation : standard deviation of the embedding's directions, 0 where all are alike, 1 where they are spread evenly.
    scale : standard deviation of the embedding itself, mean over its dimensions.
    rank : effective rank of the embedding, from 1 to min(256, batch, dim).
    """

    loss: float
    grad_norm: float
    weight_norm: float
    deviation: float
    scale: float
    rank: float


def look(loss: Tensor, grad_norm: Tensor, weights: list[Tensor], embedding: Tensor) -> Reading:
    """Measure, and bring all numbers to the CPU at once.

    Parameters
    ----------
    loss, grad_norm : scalars.
    weights : the trained tensors.
    embedding : (batch, dim).
    """
    rows = embedding.detach()[:ROWS].float()
    size = math.sqrt(sum(weight.numel() for weight in weights))
    weight_norm = torch.stack(torch._foreach_norm(weights)).float().norm() / size
    unit = torch.nn.functional.normalize(rows, dim=1)
    deviation = unit.std(dim=0, correction=0).mean() * math.sqrt(rows.shape[1])
    scale = rows.std(dim=0, correction=0).mean()
    numbers = torch.stack([loss.detach().float(), grad_norm.float(), weight_norm, deviation, scale, effective_rank(rows)])
    return Reading(*numbers.tolist())


def effective_rank(rows: Tensor) -> Tensor:
    """Exponential of the entropy of the singular values' shares. NaN where anything is not finite.

    Source: Roy and Vetterli: The Effective Rank, 2007; as a measure of learned embeddings: Garrido et al.: RankMe, 2023.
    """
    gram = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
    gram = gram / gram.diagonal().mean().clamp_min(torch.finfo(gram.dtype).tiny)
    if not bool(torch.isfinite(gram).all()):
        return gram.new_tensor(float("nan"))
    sigma = torch.linalg.eigvalsh(gram).clamp_min(0).sqrt()
    share = sigma / sigma.sum().clamp_min(torch.finfo(sigma.dtype).tiny)
    return torch.exp(torch.special.entr(share).sum())


class Monitor:
    """Compares each look with what the start showed. `alarm` is the verdict that stops the run, or None."""

    def __init__(self) -> None:
        self.start: list[Reading] = []
        self.failing = 0
        self.alarm: Verdict | None = None

    def see(self, reading: Reading) -> Verdict | None:
        """Judge a look; the alarm, once there is one."""
        verdict = _diverged(reading, self.start) or _collapsed(reading, self.start)
        if len(self.start) < SETTLING:
            self.start.append(reading)
        at_once = not all(math.isfinite(value) for value in asdict(reading).values())
        self.failing = self.failing + 1 if verdict else 0
        if verdict and (at_once or self.failing >= PATIENCE):
            self.alarm = verdict
        return self.alarm

    def state_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {
            "start": [asdict(reading) for reading in self.start],
            "failing": self.failing,
            "alarm": asdict(self.alarm) if self.alarm else None,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self.start = [Reading(**reading) for reading in state["start"]]
        self.failing = state["failing"]
        self.alarm = Verdict(**state["alarm"]) if state["alarm"] else None


def _diverged(now: Reading, start: list[Reading]) -> Verdict | None:
    for name, value in (("loss", now.loss), ("gradient", now.grad_norm), ("weights", now.weight_norm), ("embedding", now.scale)):
        if not math.isfinite(value):
            return Verdict("diverged", f"the {name} became {value}", "Lower the learning rate (try a tenth), or clip the gradient.")
    if start and now.weight_norm > MOST_WEIGHT * start[0].weight_norm:
        ratio = now.weight_norm / start[0].weight_norm
        return Verdict("diverged", f"the weights have grown {ratio:.0f}-fold", "Lower the learning rate (try a tenth).")
    return None


def _collapsed(now: Reading, start: list[Reading]) -> Verdict | None:
    if not start:
        return None
    remedy = "Check what keeps the method from collapse (stop-gradient, teacher, variance term), or lower the learning rate."
    if now.deviation < LEAST_DEVIATION:
        return Verdict("collapsed", f"all samples are encoded alike (deviation {now.deviation:.2g})", remedy)
    if now.scale < LEAST_SHARE * start[0].scale:
        share = now.scale / start[0].scale
        return Verdict("collapsed", f"the embedding has shrunk to {share:.2g} of its first spread", remedy)
    if now.rank < LEAST_RANK:
        return Verdict("collapsed", f"the embedding uses one direction (effective rank {now.rank:.2f})", remedy)
    return None
