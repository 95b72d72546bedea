"""Evaluation: a scorecard from arrays of features, always beside the dull baselines, and the verdict drawn from it."""

from selflearn.evaluation.answered import Told, judge_answers, score_answers
from selflearn.evaluation.judge import judge
from selflearn.evaluation.rivals import rivals_of
from selflearn.evaluation.scorecard import Row, Scorecard
from selflearn.evaluation.segmentation import score_segmentation
from selflearn.evaluation.suite import evaluate

__all__ = ["Row", "Scorecard", "Told", "evaluate", "judge", "judge_answers", "rivals_of", "score_answers", "score_segmentation"]
