"""A person's own table as a task: brought into the form of the prior's, and told by the network in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from selflearn.data.tasks import TaskBatch, TaskSpec
from selflearn.errors import DataError
from selflearn.networks import Encoder
from selflearn.training import choose_device

AT_ONCE = 2048
"""Queries in a pass: they do not see each other, so that it is a matter of memory alone."""


@dataclass(frozen=True)
class Context:
    """Rows whose target is known, and the network that tells others from them.

    A context of more rows than the prior's tasks had is dealt at random into parts of that size; what they say is averaged.

    Attributes
    ----------
    encoder : learned from a prior.
    values : (rows, columns) numbers; NaN where one is missing.
    targets : (rows,) classes from 0, or numbers.
    seed : of the parts.
    """

    encoder: Encoder
    values: np.ndarray
    targets: np.ndarray
    seed: int = 0

    def __post_init__(self) -> None:
        spec, wanted = spec_of(self.encoder), int(self.targets.max()) + 1 if len(self.targets) else 0
        if spec.classes and wanted > spec.classes:
            raise DataError(
                f"this network tells at most {spec.classes} classes, and there are {wanted}: learn a prior of more, for example "
                f"selflearn learn prior:table --read classes={wanted}"
            )

    def probabilities(self, values: np.ndarray, device: str = "auto") -> np.ndarray:
        """(queries, classes) of every class that the context has."""
        count = int(self.targets.max()) + 1
        parts = [logits[:, :count].softmax(-1) for logits in self._told(values, device)]
        found: np.ndarray = torch.stack(parts).mean(0).numpy()
        return found

    def bars(self, values: np.ndarray, device: str = "auto") -> tuple[Tensor, Tensor]:
        """(queries, bars) logits of the mixture over parts, and the borders of the bars, on the scale of the targets."""
        shares = torch.stack([logits.softmax(-1) for logits in self._told(values, device)]).mean(0)
        centre, spread = self._scale()
        return shares.clamp_min(1e-30).log(), torch.tensor(spec_of(self.encoder).borders, dtype=torch.float64) * spread + centre

    def _scale(self) -> tuple[float, float]:
        """Mean and deviation of the known numbers."""
        spread = float(self.targets.std()) if len(self.targets) > 1 else 1.0
        return float(self.targets.mean()) if len(self.targets) else 0.0, spread if spread > 0 else 1.0

    def _told(self, values: np.ndarray, device: str) -> list[Tensor]:
        """For each part of the context the (queries, outputs) logits, in double on the CPU."""
        spec, target = spec_of(self.encoder), choose_device(device)
        known, asked = _columns(self.values, values, self.targets, spec)
        wanted = self.targets if spec.classes else (self.targets - self._scale()[0]) / self._scale()[1]
        order = np.random.default_rng(self.seed).permutation(len(known))
        parts = np.array_split(order, max(1, -(-len(known) // spec.points)))
        self.encoder.to(target).eval()
        try:
            with torch.inference_mode():
                return [
                    torch.cat(
                        [
                            self._pass(known[part], wanted[part], asked[start : start + AT_ONCE], target)
                            for start in range(0, max(len(asked), 1), AT_ONCE)
                        ]
                    )
                    for part in parts
                ]
        finally:
            self.encoder.cpu()

    def _pass(self, known: np.ndarray, wanted: np.ndarray, asked: np.ndarray, device: torch.device) -> Tensor:
        spec = spec_of(self.encoder)
        targets = np.concatenate([wanted, np.zeros(len(asked), dtype=wanted.dtype)])
        batch = TaskBatch(
            torch.from_numpy(np.concatenate([known, asked]).astype(np.float32))[None],
            torch.zeros(1, dtype=torch.int64),
            torch.full((1,), -1),
            targets=torch.from_numpy(targets.astype(np.int64 if spec.classes else np.float32))[None],
            context=torch.tensor([len(known)]),
        )
        return self.encoder.answers(batch.to(device)).logits[0, len(known) :].double().cpu()


def spec_of(encoder: Encoder) -> TaskSpec:
    """The spec of a network that answers in context.

    Raises
    ------
    DataError : the encoder learned from something else.
    """
    if not isinstance(encoder.spec, TaskSpec):
        raise DataError(
            f"this run learned from {encoder.spec.kind} data, and not from a prior over tasks: selflearn learn prior:table"
        )
    return encoder.spec


def _columns(known: np.ndarray, asked: np.ndarray, targets: np.ndarray, spec: TaskSpec) -> tuple[np.ndarray, np.ndarray]:
    """Both as the network reads them: gaps at the context's mean, no more columns than it takes, on the prior's scale if fixed.

    Of too many columns those are kept that tell most of the target by themselves, as the context has it.
    """
    counted = np.isfinite(known).sum(0)
    mean = np.where(np.isfinite(known), known, 0.0).sum(0) / np.maximum(counted, 1)
    known, asked = (np.where(np.isfinite(each), each, mean) for each in (known, asked))
    deviation = known.std(0) if len(known) else np.ones(known.shape[1])
    kept = np.argsort(-_relevance(known, targets, spec.classes), kind="stable")[: spec.features]
    kept = np.sort(kept)
    known, asked, mean, deviation = known[:, kept], asked[:, kept], mean[kept], deviation[kept]
    if spec.mean:  # the prior's own scale
        count = len(kept)
        if count < spec.features:
            raise DataError(f"the prior {spec.prior.get('name', '')!r} is over {spec.features} columns, and there are {count}")
        scale = np.array(spec.std) / np.where(deviation > 0, deviation, 1.0)
        return ((each - mean) * scale + np.array(spec.mean) for each in (known, asked))  # type: ignore[return-value]
    empty = spec.features - known.shape[1]
    return np.pad(known, ((0, 0), (0, empty))), np.pad(asked, ((0, 0), (0, empty)))


def _relevance(values: np.ndarray, targets: np.ndarray, classes: int) -> np.ndarray:
    """(columns,) the squared correlation of each column with the target; of classes, the sum over them."""
    wanted = np.eye(classes)[targets] if classes else targets[:, None].astype(np.float64)
    inside, outside = values - values.mean(0), wanted - wanted.mean(0)
    norms = np.sqrt((inside**2).sum(0))[:, None] * np.sqrt((outside**2).sum(0))
    found: np.ndarray = ((inside.T @ outside / np.where(norms > 0, norms, 1.0)) ** 2).sum(1)
    return found
