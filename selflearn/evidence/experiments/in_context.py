"""Networks that answer in context: is what they tell Bayesian inference, and is it of use on tables of the world?"""

from __future__ import annotations

from typing import Any

import numpy as np

from selflearn.data.tasks import GaussianProcess, TaskBatch, TaskSpec
from selflearn.evaluation import rivals_of
from selflearn.evidence.arms import Computed, Job, Learned, Measured
from selflearn.evidence.material import Drawn
from selflearn.evidence.scoring import Subject
from selflearn.evidence.statement import Contrast, Experiment, Scores, Size, better
from selflearn.workflow.answering import answer, as_told

LIKELIHOOD = "log likelihood"

# Transformers Can Do Bayesian Inference. Functions of one input from a Gaussian process whose length scale nobody knows: the exact
# answer weighs all length scales by the evidence of the context.


def tested(data: Drawn) -> TaskBatch:
    """The tasks that are scored, each with a context of its own size, from none to all points but one."""
    batch = data.test.batch(np.arange(len(data.test)))
    if not isinstance(batch, TaskBatch):
        raise TypeError("only tasks can be answered")
    return batch


def answers(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """The mean over tasks of the mean log density of a query's target."""
    if subject.method is None:
        return {}
    told = answer(subject.method.encoder, tested(data), "cpu")
    return {LIKELIHOOD: float(np.mean([each.mean() for each in told]))}


def exact(job: Job) -> Measured:
    """The same of the exact posterior predictive."""
    spec = job.data.test.spec
    parameters = spec.prior if isinstance(spec, TaskSpec) else {}
    prior = GaussianProcess(**{name: value for name, value in parameters.items() if name != "name"})
    told = [prior.exact(*task).mean() for task in as_told(tested(job.data), 0).each()]
    return Measured({LIKELIHOOD: float(np.mean(told))})


def mean_and_variance(job: Job) -> Measured:
    """The same of a normal with the context's own mean and variance."""
    told = rivals_of(as_told(tested(job.data), 0))["mean and variance"]
    return Measured({LIKELIHOOD: float(np.mean([each.mean() for each in told]))})


def share_of_the_way(scores: Scores) -> float:
    """How much of what the exact answer has above a mean and variance is reached."""
    dull, best = scores["mean and variance"][LIKELIHOOD], scores["exact"][LIKELIHOOD]
    return (scores["prior-fitted"][LIKELIHOOD] - dull) / (best - dull)


SMALL: dict[str, Any] = {"encoder": {"name": "set-transformer", "width": 64, "depth": 4, "heads": 4}, "batch": 16}

prior_fitted = Experiment(
    name="prior-fitted",
    systems=("S103",),
    claim=(
        "After 1,000 updates of 16 functions drawn from a Gaussian process with an unknown length scale, a transformer tells "
        "hidden values of new functions, in one pass and with nothing fitted, so well that its log likelihood has gone more than "
        "85 % of the way from a normal of the context's mean and variance to the exact posterior predictive"
    ),
    data="gaussian-process",
    arms={
        "prior-fitted": Learned("prior-fitted", {**SMALL, "optimiser.lr": 0.002}, score=answers, kind="task"),
        "mean and variance": Computed(mean_and_variance),
        "exact": Computed(exact),
    },
    contrasts=(
        better("prior-fitted", "mean and variance", LIKELIHOOD, margin=0.5),
        Contrast("share of the way from mean and variance to the exact answer", 0.85, share_of_the_way),
    ),
    seeds=range(10, 15),
    quick=Size(samples=40_000, budget="500steps", seeds=3, tested=500),
    full=Size(samples=40_000, budget="1000steps", tested=1_000),
)
