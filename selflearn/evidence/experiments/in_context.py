"""Networks that answer in context: is what they tell Bayesian inference, and is it of use on tables of the world?"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from selflearn.data import Dataset
from selflearn.data.tasks import GaussianProcess, TaskBatch, TaskSpec
from selflearn.evaluation import rivals_of
from selflearn.evidence.arms import Computed, Job, Learned, Measured
from selflearn.evidence.material import Drawn, draw, material
from selflearn.evidence.scoring import Subject
from selflearn.evidence.statement import Contrast, Experiment, Scores, Size, better
from selflearn.workflow.answering import answer, as_told
from selflearn.workflow.predicting import Context

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


# The same on tables of the world, by a network that has seen none: a hundred labels of a census and of a telescope's showers.

TABLES = ("adult", "magic")
LABELS, DRAWS, TESTED = 100, 8, 1_000
ACCURACY = "accuracy"


def draws(name: str, seed: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Raw columns and classes of labelled rows, and of test rows, a few times."""
    source = material(name)
    for number in range(DRAWS):
        drawn = draw(source, "measured", 1_000 * (seed + 1) + number, LABELS, TESTED)
        yield _rows(drawn.learn), drawn.learn.labels, _rows(drawn.test), drawn.test.labels


def _rows(dataset: Dataset) -> np.ndarray:
    return dataset.raw(np.arange(len(dataset)))


def over_tables(seed: int, told: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> dict[str, float]:
    """The accuracy on each table, the mean over draws; and the mean over tables.

    Parameters
    ----------
    told : from columns and classes of labelled rows, and columns of others, to (rows, classes) probabilities.
    """
    scores = {}
    for name in TABLES:
        right = [np.mean(told(rows, labels, asked).argmax(1) == truth) for rows, labels, asked, truth in draws(name, seed)]
        scores[name] = float(np.mean(right))
    return {**scores, ACCURACY: float(np.mean(list(scores.values())))}


def in_one_pass(data: Drawn, subject: Subject, seed: int) -> dict[str, float]:
    """What the network tells of tables that it has never seen the like of."""
    if subject.method is None:
        return {}
    encoder = subject.method.encoder
    return over_tables(seed, lambda rows, labels, asked: Context(encoder, rows, labels).probabilities(asked, "cpu"))


def fitted(job: Job, head: str) -> Measured:
    """A head fitted anew on each draw of labels; of logistic regression the strength is chosen by folds inside."""

    def told(rows: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
        if head == "logistic":
            model = make_pipeline(
                StandardScaler(), LogisticRegressionCV(Cs=np.logspace(-3, 1, 5), cv=5, max_iter=300, scoring="neg_log_loss")
            )
        elif head == "boosting":
            model = GradientBoostingClassifier(max_features=0.3, random_state=job.seed)
        else:
            model = RandomForestClassifier(200, random_state=job.seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence, and of options that scikit-learn will rename
            model.fit(rows, labels)
        said: np.ndarray = model.predict_proba(asked)
        return said

    return Measured(over_tables(job.seed, told))


prior_fitted_tables = Experiment(
    name="prior-fitted-tables",
    systems=("S103",),
    claim=(
        "A network that has seen nothing but 500 batches of 16 made-up tables tells a census and a telescope's showers from a "
        "hundred labels in one pass: on average over both more than a point better than logistic regression on the raw columns, "
        "and at most one point worse than boosting and one and a half worse than a forest, all fitted anew on each draw of labels"
    ),
    data="small-tables",
    arms={
        "prior-fitted": Learned("prior-fitted", {**SMALL, "optimiser.lr": 0.002}, score=in_one_pass, kind="task"),
        **{head: Computed(fitted, {"head": head}) for head in ("logistic", "boosting", "forest")},
    },
    contrasts=(
        better("prior-fitted", "logistic", ACCURACY, margin=0.01),
        better("prior-fitted", "boosting", ACCURACY, margin=-0.01),
        better("prior-fitted", "forest", ACCURACY, margin=-0.015),
    ),
    seeds=range(10, 15),
    quick=Size(samples=40_000, budget="200steps", seeds=3),
    full=Size(samples=40_000, budget="500steps"),
)
