"""From a network that answers in context to its scorecard: which tasks, beside which rivals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from selflearn.data import Dataset
from selflearn.data.tasks import TaskBatch, Tasks
from selflearn.errors import DataError
from selflearn.evaluation import Scorecard, Told, rivals_of, score_answers
from selflearn.networks import Encoder
from selflearn.objectives import bar_log_density
from selflearn.training import choose_device
from selflearn.workflow.measuring import Parts

NUMBERS, CLASSES = 500, 100
"""Tasks that are scored: of numbers, and of classes, where two rivals are fitted anew on each."""
AT_ONCE = 32


def answers_in_context(encoder: Encoder) -> bool:
    """Whether what was learned predicts, and is to be judged by its predictions."""
    return "answers" in encoder.capabilities


def scored(dataset: Dataset, parts: Parts, seed: int) -> np.ndarray:
    """The numbers of the tasks that are scored: held-out ones where there are any."""
    rows = parts.held_out if len(parts.held_out) else parts.learn
    most = CLASSES if dataset.spec.form == "classes" else NUMBERS
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most])


def measure_answers(
    dataset: Dataset,
    rows: np.ndarray,
    encoder: Encoder,
    untrained: Encoder,
    *,
    device: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
) -> Scorecard:
    """The scorecard over these tasks of a dataset: the network, its untrained twin, the rivals of its kind of target, and the exact
    answer where the prior knows it.
    """
    if not isinstance(dataset, Tasks):
        raise DataError(f"only tasks can be answered, and this is {dataset.spec.kind} data")
    tell = progress or (lambda what, done, total: None)
    batch = dataset.batch(rows)
    told = as_told(batch, dataset.spec.classes)
    tell("evaluating", 0, 3)
    said = {"encoder": answer(encoder, batch, device), "untrained": answer(untrained, batch, device)}
    tell("evaluating", 1, 3)
    said |= rivals_of(told)
    tell("evaluating", 2, 3)
    exact = [dataset.prior.exact(*task) for task in told.each()]
    known = [each for each in exact if each is not None]
    if len(known) == len(exact):
        said["exact"] = known
    tell("evaluating", 3, 3)
    return score_answers(told, said)


def as_told(batch: TaskBatch, classes: int) -> Told:
    """A batch as the arrays that rivals read."""
    values, targets = batch.values.double().numpy(), batch.targets.numpy()
    return Told(values, targets if classes else targets.astype(np.float64), batch.context.numpy(), classes)


def answer(encoder: Encoder, batch: TaskBatch, device: str = "auto") -> list[np.ndarray]:
    """For each task what the network tells of its queries: log densities (queries,) of their true targets where these are numbers,
    (queries, classes) probabilities where they are classes.
    """
    target, home = choose_device(device), next(encoder.parameters()).device
    said: list[np.ndarray] = []
    encoder.to(target).eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(batch), AT_ONCE):
                some = batch.select(torch.arange(start, min(start + AT_ONCE, len(batch)))).to(target)
                answers = encoder.answers(some)
                if answers.borders is None:
                    whole = answers.logits.float().softmax(-1)
                else:
                    whole = bar_log_density(answers.logits, answers.borders, answers.targets)
                said += [each[row].cpu().double().numpy() for each, row in zip(whole, answers.asked, strict=True)]
    finally:
        encoder.to(home)
    return said
