"""Evaluation: a scorecard from arrays of features, always beside the dull baselines, and the verdict drawn from it."""

from selflearn.evaluation.judge import judge
from selflearn.evaluation.scorecard import Row, Scorecard
from selflearn.evaluation.suite import evaluate

__all__ = ["Row", "Scorecard", "evaluate", "judge"]
