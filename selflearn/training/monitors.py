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

# What each threshold lies between, from runs of every joint recipe on digits, narrow network, 90-120 updates:
LEAST_DEVIATION = 0.02  # healthy runs stay above 0.15 (DINO early on); a network that died of too high a rate is below 0.02
LEAST_SCALE = (
    0.15  # of the first spread: healthy 0.35 and more (DINO early on); VICReg without its variance term 0.11 after 50 updates
)
LEAST_DIRECTIONS = 0.2  # of the first: healthy 0.3 and more; SimSiam without its stop-gradient 0.11 after 60 to 90 updates
FEW_DIRECTIONS = 3.0  # and no more than these: healthy runs that start with many keep at least 3.5
MOST_WEIGHT = 30.0  # of the first: healthy below 1.2 in a short run; 60 and more at a thousand times the learning rate of adamw


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
    directions : participation ratio of the embedding's directions, from 1 (all on one line) to min(256, batch, dim). The rank
        counts weak directions too; this one only those that carry the most.
    diversity : mean over the encoder's linear layers of `sign_diversity`, in [0, 1]; None where it was not looked at.
    """

    loss: float
    grad_norm: float
    weight_norm: float
    deviation: float
    scale: float
    rank: float
    directions: float
    diversity: float | None = None


def look(loss: Tensor, grad_norm: Tensor, weight_norm: Tensor, embedding: Tensor) -> Reading:
    """Measure, and bring all numbers to the CPU at once.

    Parameters
    ----------
    loss, grad_norm, weight_norm : scalars; the last is the root mean square of all trained weights.
    embedding : (batch, dim).
    """
    rows = embedding.detach()[:ROWS].float()
    unit = torch.nn.functional.normalize(rows, dim=1)
    deviation = unit.std(dim=0, correction=0).mean() * math.sqrt(rows.shape[1])
    scale = rows.std(dim=0, correction=0).mean()
    directions = len(rows) ** 2 / (unit @ unit.T).square().sum().clamp_min(1.0)
    measures = [weight_norm, deviation, scale, effective_rank(rows), directions]
    numbers = torch.stack([loss.detach().float(), grad_norm.float(), *measures])
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
    """Compares each look with the first, of the untrained network. `alarm` is the verdict that stops the run, or None."""

    def __init__(self) -> None:
        self.first: Reading | None = None
        self.failing = 0
        self.alarm: Verdict | None = None

    def see(self, reading: Reading, can_collapse: bool = True, least_diversity: float = 0.0) -> Verdict | None:
        """Judge a look; the alarm, once there is one. What is not finite alarms at once, all else when `PATIENCE` looks agree.

        Parameters
        ----------
        reading : what was seen.
        can_collapse : False for a method whose targets come from the data: then only divergence alarms.
        least_diversity : below it the spectral alignment of the linear layers, where it was looked at, foretells divergence.
        """
        broken = _not_finite(reading)
        self.first = self.first or reading
        verdict = broken or _diverged(reading, self.first) or (_collapsed(reading, self.first) if can_collapse else None)
        verdict = verdict or _misaligned(reading, least_diversity)
        self.failing = self.failing + 1 if verdict else 0
        if verdict and (broken or self.failing >= PATIENCE):
            self.alarm = verdict
        return self.alarm

    def state_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        first, alarm = (asdict(part) if part else None for part in (self.first, self.alarm))
        return {"first": first, "failing": self.failing, "alarm": alarm}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        self.first = Reading(**state["first"]) if state["first"] else None
        self.failing = state["failing"]
        self.alarm = Verdict(**state["alarm"]) if state["alarm"] else None


def _not_finite(now: Reading) -> Verdict | None:
    names = {"loss": now.loss, "gradient": now.grad_norm, "weights": now.weight_norm, "embedding": now.scale}
    for name, value in names.items():
        if not math.isfinite(value):
            remedy = "Lower the learning rate (try a tenth) or clip the gradient; look for extreme values in the data."
            return Verdict("diverged", f"the {name} became {value}", remedy)
    return None


def _diverged(now: Reading, first: Reading) -> Verdict | None:
    growth = now.weight_norm / max(first.weight_norm, 1e-12)
    if growth > MOST_WEIGHT:
        return Verdict("diverged", f"the weights have grown {growth:.0f}-fold", "Lower the learning rate (try a tenth).")
    return None


def _misaligned(now: Reading, least: float) -> Verdict | None:
    if now.diversity is None or now.diversity >= least:
        return None
    reason = f"inputs have come to lie on one side of what linear layers amplify most (sign diversity {now.diversity:.2g})"
    remedy = "Lower the learning rate (try a tenth), clip the gradient, or bound the layers: --set encoder.linear=sigma."
    return Verdict("diverged", f"{reason}, which foretells an explosion of the loss", remedy)


def _collapsed(now: Reading, first: Reading) -> Verdict | None:
    remedy = "Check what keeps it from collapse (stop-gradient, teacher, variance term), or lower the learning rate (try a tenth)."
    if now.deviation < LEAST_DEVIATION:
        return Verdict("collapsed", f"all samples are encoded alike (spread of directions {now.deviation:.2g})", remedy)
    if now.scale < LEAST_SCALE * first.scale:
        share = now.scale / first.scale
        return Verdict("collapsed", f"the embedding has shrunk to {share:.2g} of its first spread", remedy)
    if now.directions < min(FEW_DIRECTIONS, LEAST_DIRECTIONS * first.directions):
        reason = f"the embedding fell from {first.directions:.1f} directions to {now.directions:.1f}"
        return Verdict("collapsed", reason, remedy)
    return None
