"""The verdict on an encoder: did learning make it better than its untrained twin, and does it beat raw input and PCA?"""

from __future__ import annotations

import math

from selflearn.evaluation.scorecard import Scorecard
from selflearn.measures.verdict import Verdict

FEW_LABELS = ("4 labels a class", "1 label a class", "16 labels a class", "linear")
MEASURES = {"knn": "k-NN", "self retrieval": "Self retrieval", "linear": "Linear probe"}
NAMES = {"raw": "raw input", "pca": "PCA", "untrained": "its untrained twin"}
COLLAPSED_RANK = 1.05  # one direction and nothing else, up to rounding; healthy encoders use tens
REMEDY = "Give it a longer budget, try another recipe, or views that change more of what does not matter and less of what does."
DIVERGED = "Lower the learning rate, and look at the loss and the gradient norm where they begin to grow."
COLLAPSED = "Choose a recipe that prevents collapse (VICReg, Barlow Twins), or a smaller learning rate."
NOTHING = "Give labels for at least a few samples of each class, or evaluate with two views of every set of features."
NO_ROOM = "The untrained encoder is already nearly perfect here, which leaves no room to show learning: ask a harder question."


def judge(scorecard: Scorecard, alarm: Verdict | None = None) -> Verdict:
    """Judge a scorecard by paired differences from the untrained encoder.

    The main measures are k-NN and four labels a class (the nearest few-label or linear probe where that was left out); without
    labels, self retrieval. It "learned" if on at least one of them the interval of the difference from its untrained twin lies
    above zero, and on none below. The level of each interval is 1 - 0.05 / (number of main measures), so that looking at two does
    not make luck more likely. Raw input and PCA are compared in the reason; they do not decide.

    Parameters
    ----------
    scorecard : of the encoder and its baselines.
    alarm : what stopped training, if something did; "collapsed" and "diverged" are passed through.
    """
    if alarm is not None and alarm.kind in ("collapsed", "diverged"):
        return alarm
    said = [note for note in scorecard.notes if note.startswith("encoder: left out")]
    if said:
        return Verdict("diverged", f"Nothing could be measured. {said[0]}.", DIVERGED)
    measures = main_measures(scorecard)
    if not measures:
        reason = "Nothing shows that it did: no measure could be taken of both the encoder and its untrained twin."
        return Verdict("did not learn", reason, NOTHING)
    return _by_differences(scorecard, measures, 1 - 0.05 / len(measures))


def _by_differences(scorecard: Scorecard, measures: list[str], level: float) -> Verdict:
    against = {measure: scorecard.difference("encoder", "untrained", measure, level) for measure in measures}
    worse = [measure for measure, (_, _, high) in against.items() if high < 0]
    reason = " ".join(_sentence(scorecard, measure, level) for measure in measures)
    if not worse and any(low > 0 for _, low, _ in against.values()):
        return Verdict("learned", reason, _advice(scorecard, measures, level))
    rank = scorecard.find("encoder", "rankme")
    if rank is not None and rank.value < COLLAPSED_RANK:
        return Verdict(
            "collapsed", f"All samples have nearly the same features: effective rank {rank.value:.2f}. {reason}", COLLAPSED
        )
    if worse:
        return Verdict("did not learn", f"Training made the encoder worse by {_listed(worse)}. {reason}", REMEDY)
    full = all(scorecard.value("untrained", measure) > 0.98 for measure in measures)
    return Verdict("did not learn", f"The encoder cannot be told from its untrained twin. {reason}", NO_ROOM if full else REMEDY)


def main_measures(scorecard: Scorecard) -> list[str]:
    """The measures that decide, of those that were taken of both the encoder and its untrained twin."""

    def taken(measure: str) -> bool:
        return all(scorecard.find(name, measure) is not None for name in ("encoder", "untrained"))

    few = next((measure for measure in FEW_LABELS if taken(measure)), None)
    labelled = [measure for measure in ("knn", few) if measure is not None and taken(measure)]
    return labelled or [measure for measure in ("self retrieval",) if taken(measure)]


def _sentence(scorecard: Scorecard, measure: str, level: float) -> str:
    """How the encoder compares with all its baselines in one measure, in words and numbers."""
    parts = []
    for name in ("untrained", "raw", "pca"):
        if scorecard.find(name, measure) is None:
            continue
        mean, low, high = (100 * number for number in scorecard.difference("encoder", name, measure, level))
        relation = "above" if low > 0 else "below" if high < 0 else "level with"
        spread = f"{low:+.1f} to {high:+.1f}" if math.isfinite(low) else "too few repetitions for an interval"
        numbers = f"{mean:+.1f} points, {spread}"
        parts.append(f"{relation} {NAMES[name]} at {100 * scorecard.value(name, measure):.1f} % ({numbers})")
    title = MEASURES.get(measure, measure)
    return f"{title}: {100 * scorecard.value('encoder', measure):.1f} %, {', '.join(parts)}."


def _advice(scorecard: Scorecard, measures: list[str], level: float) -> str:
    """What to do where an encoder learned and a dull baseline is still better."""
    ahead = [
        name
        for name in ("raw", "pca")
        if any(
            scorecard.find(name, measure) and scorecard.difference("encoder", name, measure, level)[2] < 0 for measure in measures
        )
    ]
    if not ahead:
        return ""
    verb = "does" if len(ahead) == 1 else "do"
    return f"It learned, but {_listed(ahead)} still {verb} better in part: a longer budget or another recipe may close the gap."


def _listed(names: list[str]) -> str:
    return " and ".join({**NAMES, **MEASURES}.get(name, name) for name in names)
