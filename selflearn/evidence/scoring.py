"""From features to the named numbers that contrasts compare."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from selflearn.data import Dataset
from selflearn.evaluation import evaluate
from selflearn.evidence.material import Drawn

Features = Callable[[Dataset], np.ndarray]
Score = Callable[[Drawn, Features, int], dict[str, float]]


def scorecard(data: Drawn, features: Features, seed: int) -> dict[str, float]:
    """Every measure of the scorecard: probes are trained on the learning part and scored on the test part."""
    learned, tested = features(data.learn), features(data.test)
    card = evaluate(
        {"encoder": np.concatenate([learned, tested])},
        np.concatenate([data.learn.labels, data.test.labels]),
        test=np.arange(len(learned), len(learned) + len(tested)),
        seed=seed,
    )
    return {measure: card.value("encoder", measure) for measure in card.measures()}
