"""From features to the named numbers that contrasts compare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from selflearn.data import Dataset
from selflearn.evaluation import evaluate
from selflearn.evidence.material import Drawn
from selflearn.methods import Method
from selflearn.views import make_views, plain


@dataclass(frozen=True)
class Subject:
    """What is scored.

    Attributes
    ----------
    features : (n, dim) float32 of any dataset of the kind.
    method : the trained method with its heads; None where nothing was learned.
    """

    features: Callable[[Dataset], np.ndarray]
    method: Method | None = None


Score = Callable[[Drawn, Subject, int], dict[str, float]]


def scorecard(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """Every measure of the scorecard: probes are trained on the learning part and scored on the test part.

    What has learned nothing is scored as a baseline, which is given the stronger of two scalings.
    """
    learned, tested = subject.features(data.learn), subject.features(data.test)
    vectors = np.concatenate([learned, tested])
    name = "encoder" if subject.method is not None else "baseline"
    card = evaluate(
        {"encoder": vectors, name: vectors},
        np.concatenate([data.learn.labels, data.test.labels]),
        test=np.arange(len(learned), len(vectors)),
        seed=seed,
    )
    return {measure: card.value(name, measure) for measure in card.measures() if card.find(name, measure) is not None}


def outputs(data: Dataset, method: Method, views: int = 2, batch: int = 256) -> np.ndarray:
    """(n, dim) float32 of what the method itself compares (its projected embeddings) in eval mode; zeros for what is not finite.

    Parameters
    ----------
    views : how many views the method takes; each is the plain one.
    """
    generator, rows = torch.Generator().manual_seed(0), []
    unchanged = [plain(data.spec)] * views
    method.eval()
    with torch.no_grad():
        for start in range(0, len(data), batch):
            raw = data.batch(np.arange(start, min(start + batch, len(data))))
            rows.append(method(make_views(raw, unchanged, generator), generator).embedding)
    return np.nan_to_num(torch.cat(rows).float().numpy(), posinf=0.0, neginf=0.0)
