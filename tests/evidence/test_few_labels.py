"""An arm that is given few labels learns from no others, and is scored like any."""

from __future__ import annotations

import numpy as np

from selflearn import recipes
from selflearn.evidence.arms import Job, Learned
from selflearn.evidence.material import draw, material


def test_an_arm_sees_as_many_labels_a_class_as_it_states(monkeypatch):
    seen = []
    run = recipes.run_plan

    def watched(recipe, dataset, *more, **options):
        seen.append(dataset.labels.copy())
        return run(recipe, dataset, *more, **options)

    monkeypatch.setattr(recipes, "run_plan", watched)
    changes = {"views": "plain", "encoder": {"name": "gcn", "width": 8, "depth": 1}, "batch": 600}
    counted = lambda data, subject, seed: {"labelled": float((data.learn.labels >= 0).sum())}  # noqa: E731
    few = Learned("cross-entropy", changes, score=counted, kind="graph", labels=3)
    drawn = draw(material("communities"), "development", 100, 600)
    assert few.run(Job(drawn, 100, "1steps")).scores == {"labelled": 600.0}
    few.run(Job(drawn, 101, "1steps"))
    assert [np.bincount(labels[labels >= 0]).tolist() for labels in seen] == [[3] * 6, [3] * 6]
    assert not np.array_equal(*seen), "which ones is the seed's affair"
    assert few.settings()["labels"] == 3 and "labels" not in Learned("cross-entropy", changes, kind="graph").settings()
