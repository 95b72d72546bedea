"""Tasks: drawn again by number, independent of their batch; the Gaussian process and its exact prediction; what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from selflearn.data import read, recognise, spec_from_json, spec_to_json, subset
from selflearn.data.tasks import GaussianProcess, Prior
from selflearn.errors import DataError


class Lines(Prior):
    """Straight lines through the origin."""

    points: int = 12

    def draw(self, generators):
        values = np.stack([each.normal(size=(self.points, 1)) for each in generators])
        slopes = np.array([each.normal() for each in generators])
        return values, slopes[:, None] * values[..., 0]


def test_a_name_and_an_object_are_priors():
    assert recognise("prior:gp").kind == "task"
    assert recognise(Lines()).kind == "task"
    dataset = read(Lines(), more={"tasks": 100})
    assert dataset.batch([3, 5]).values.shape == (2, 12, 1)
    assert dataset.spec.prior["name"] == "Lines"


def test_a_task_is_a_function_of_seed_and_number_alone():
    dataset = read("prior:gp", more={"tasks": 1000, "points": 20})
    together, alone = dataset.batch([7, 900, 3]), dataset.batch([900])
    for field in ("values", "targets", "context"):
        assert (getattr(together, field)[1] == getattr(alone, field)[0]).all(), field
    again = read("prior:gp", more={"tasks": 1000, "points": 20})
    assert again.fingerprint == dataset.fingerprint
    assert (again.batch([900]).targets == alone.targets).all()
    other = read("prior:gp", more={"tasks": 1000, "points": 20, "seed": 1})
    assert other.fingerprint != dataset.fingerprint
    assert (other.batch([900]).targets != alone.targets).any()
    assert (subset(dataset, [900]).batch([0]).targets == alone.targets).all()


def test_contexts_are_of_every_size_and_leave_a_query():
    context = read("prior:gp", more={"points": 8}).batch(np.arange(500)).context.numpy()
    assert set(context) == set(range(8))


def test_targets_have_the_covariance_of_the_kernel():
    prior = GaussianProcess(points=4, length=(0.3, 0.3), noise=0.5)
    values, targets = prior.draw([np.random.default_rng(number) for number in range(20_000)])
    kernel = np.exp(-0.5 * (values[:, 0] - values[:, 1:, 0]) ** 2 / 0.3**2)
    assert targets.var() == pytest.approx(1 + 0.25, rel=0.05)
    assert np.sum(kernel * targets[:, :1] * targets[:, 1:]) / np.sum(kernel**2) == pytest.approx(1.0, abs=0.05)


def test_the_exact_prediction_is_the_conditional_of_the_joint_normal():
    prior = GaussianProcess(points=6, length=(0.2, 0.2), noise=0.3)
    values, targets = (each[0] for each in prior.draw([np.random.default_rng(0)]))
    covariance = np.exp(-0.5 * (values - values.T) ** 2 / 0.2**2) + 0.09 * np.eye(6)

    def joint(points):
        return stats.multivariate_normal.logpdf(targets[points], cov=covariance[np.ix_(points, points)])

    for context in (0, 1, 4):
        known = list(range(context))
        wanted = [joint([*known, query]) - (joint(known) if known else 0) for query in range(context, 6)]
        assert prior.exact(values, targets, context) == pytest.approx(wanted)


def test_an_unknown_length_is_weighed_by_the_evidence():
    """No single length scale predicts as well on average as all of them together."""
    prior = GaussianProcess(points=20, length=(0.1, 1.0))
    values, targets = prior.draw([np.random.default_rng(number) for number in range(200)])
    mixed = np.mean([prior.exact(*task, 10).mean() for task in zip(values, targets, strict=True)])
    for length in (0.1, 0.3, 1.0):
        single = GaussianProcess(points=20, length=(length, length))
        assert np.mean([single.exact(*task, 10).mean() for task in zip(values, targets, strict=True)]) < mixed


def test_borders_hold_equally_many_targets():
    dataset = read("prior:gp", more={"bars": 10})
    targets = dataset.batch(np.arange(2000)).targets.numpy().ravel()
    counts, _ = np.histogram(targets, [-np.inf, *dataset.spec.borders[1:-1], np.inf])
    assert counts / counts.sum() == pytest.approx(np.full(10, 0.1), abs=0.02)


def test_a_spec_travels_as_json():
    spec = read("prior:gp", more={"features": 2}).spec
    assert spec_from_json(spec_to_json(spec)) == spec
    assert "2 features" in spec.describe()


@pytest.mark.parametrize(
    ("source", "more", "message"),
    [
        ("prior:gq", {}, "no prior 'gq'"),
        ("prior:gp", {"lenght": [1, 1]}, "did you mean 'length'"),
        ("prior:gp", {"length": [0.5, 0.1]}, "least <= most"),
        ("prior:gp", {"features": 3}, "features = 3"),
        ("prior:gp", {"bars": 2}, "bars = 2"),
        (Lines(), {"noise": 1.0}, "already made"),
    ],
)
def test_what_a_prior_has_not_is_refused(source, more, message):
    with pytest.raises(DataError, match=message):
        read(source, more=more)


def test_tasks_have_no_labels_and_an_encoder_reads_its_own_form_only():
    with pytest.raises(DataError, match="neither labels nor groups"):
        read("prior:gp", labels=[1])
    with pytest.raises(DataError, match="1 features and 0 classes"):
        read("prior:gp", like=read("prior:gp").spec, more={"features": 2})
