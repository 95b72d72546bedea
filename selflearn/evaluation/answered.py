"""The scorecard of a network that answers in context, and the verdict on it: each task is one repetition, shared by all rivals.

The artefact is no encoder whose features are probed: it predicts. So it is measured by what it tells of targets it was not shown,
and its dull baselines are what the same context tells without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from selflearn.evaluation.scorecard import LIMIT, Scorecard
from selflearn.measures.verdict import Verdict

LIKELIHOOD, ACCURACY = "log likelihood", "accuracy"
DULL = ("mean and variance", "class frequencies")
"""What a context tells with its inputs unseen: who is not above it has learned nothing."""
CLOSE = 0.9
FAR = "It learned, and a good part of what the context tells is still missing: a longer budget brings it closer."
REMEDY = "Give it a longer budget: the loss was still far from what the context tells. A narrower prior is learned sooner."


@dataclass(frozen=True)
class Told:
    """Tasks as arrays.

    Attributes
    ----------
    values : (tasks, points, features).
    targets : (tasks, points) numbers, or int classes.
    context : (tasks,) of how many points the target is known.
    classes : how many there are at most; 0 for numbers.
    """

    values: np.ndarray
    targets: np.ndarray
    context: np.ndarray
    classes: int

    def each(self) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
        """(values, targets, context) of one task after the other."""
        for values, targets, context in zip(self.values, self.targets, self.context, strict=True):
            yield values, targets, int(context)

    def queries(self, row: int) -> np.ndarray:
        """(queries,) the true targets of one task's queries."""
        asked: np.ndarray = self.targets[row, int(self.context[row]) :]
        return asked


def score_answers(told: Told, said: Mapping[str, Sequence[np.ndarray]]) -> Scorecard:
    """A row for everyone who answered.

    Parameters
    ----------
    told : the tasks.
    said : "encoder" and its rivals -> for each task, log densities (queries,) of numbers or (queries, classes) probabilities.
    """
    card = Scorecard()
    for name, answers in said.items():
        if told.classes:
            chances = [np.take_along_axis(each, told.queries(row)[:, None], 1)[:, 0] for row, each in enumerate(answers)]
            right = [np.mean(each.argmax(1) == told.queries(row)) for row, each in enumerate(answers)]
            card.add(name, ACCURACY, right)
            card.add(name, LIKELIHOOD, [float(np.log(each.clip(1e-12)).mean()) for each in chances])
        else:
            card.add(name, LIKELIHOOD, [float(each.mean()) for each in answers])
    card.note(f"measured on {len(told.context):,} held-out tasks, each with a context of its own size; log likelihood is in nats")
    return card


def judge_answers(scorecard: Scorecard, alarm: Verdict | None = None) -> Verdict:
    """It learned if its log likelihood is above that of a context whose inputs nobody looks at, by the interval over tasks.

    Every rival is named in the reason; where the exact answer is known, so is the share of the way to it.
    """
    if alarm is not None and alarm.kind in ("collapsed", "diverged"):
        return alarm
    names = [row.features for row in scorecard.rows if row.measure == LIKELIHOOD and row.features != "encoder"]
    dull = next((name for name in DULL if name in names), None)
    own = scorecard.find("encoder", LIKELIHOOD)
    if own is None or dull is None:
        return Verdict("did not learn", "Nothing shows that it did: its answers were not measured.", REMEDY)
    parts = [_compared(scorecard, name) for name in names if name not in LIMIT]
    reason = f"Log likelihood of held-out targets: {own.value:+.3f} nats, {', '.join(parts)}."
    exact, share = next((name for name in LIMIT if name in names), None), 1.0
    if exact is not None:
        whole = scorecard.margin(exact, dull, LIKELIHOOD)
        share = scorecard.margin("encoder", dull, LIKELIHOOD) / whole if whole > 0 else float("nan")
        reason += f" The exact answer has {scorecard.value(exact, LIKELIHOOD):+.3f}: {100 * share:.0f} % of the way to it."
    _, low, _ = scorecard.difference("encoder", dull, LIKELIHOOD)
    if low <= 0:
        return Verdict("did not learn", reason, REMEDY)
    return Verdict("learned", reason, FAR if exact is not None and share < CLOSE else "")


def _compared(scorecard: Scorecard, name: str) -> str:
    mean, low, high = scorecard.difference("encoder", name, LIKELIHOOD)
    relation = "above" if low > 0 else "below" if high < 0 else "level with"
    title = "its untrained twin" if name == "untrained" else name
    return f"{relation} {title} ({mean:+.3f}, {low:+.3f} to {high:+.3f})"
