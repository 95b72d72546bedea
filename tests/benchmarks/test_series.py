"""The measurements of series: the classifier is the protocol's, forecasts are made on the steps they say, and nothing leaks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

from benchmarks import series_forecast as forecast
from benchmarks import series_ucr as ucr

RNG = np.random.default_rng(0)


def test_small_sets_are_not_searched_and_larger_ones_are() -> None:
    features, labels = RNG.normal(size=(40, 3)), np.arange(40) % 2
    assert np.isinf(ucr.svm(features, labels).C)
    blobs, kinds = np.concatenate([RNG.normal(size=(40, 2)), RNG.normal(size=(40, 2)) + 6]), np.repeat([0, 1], 40)
    machine = ucr.svm(blobs, kinds)
    assert machine.C in ucr.STRENGTHS
    assert machine.score(blobs, kinds) == 1.0


@pytest.mark.parametrize(("waves", "best"), [(1.0, 100.0), (1.5, np.inf), (2.0, 10_000.0)])
def test_a_fold_left_out_chooses_no_other_machine(waves: float, best: float) -> None:
    features = np.random.default_rng(0).uniform(-1, 1, size=(160, 2))
    labels = (np.sin(waves * np.pi * features).prod(axis=1) > 0).astype(int)  # the finer the fields, the harder the machine
    grid = {"C": [*ucr.STRENGTHS, np.inf]}
    whole = GridSearchCV(SVC(gamma="scale", max_iter=10_000_000), grid, cv=5).fit(features, labels).best_estimator_
    machine = ucr.svm(features, labels)
    assert machine.C == whole.C == best
    assert np.array_equal(machine.predict(features), whole.predict(features))


def test_means_are_over_sets_and_seeds() -> None:
    one = {"encoder": {"0": 0.8, "1": 0.9}, "untrained": {"0": 0.5, "1": 0.5}, "dull": {"raw": 0.6}}
    two = {"encoder": {"0": 1.0}, "untrained": {"0": 0.7}, "dull": {"raw": 0.8}}
    found = ucr.summary({"GunPoint": one, "ECG200": two})
    assert found["seeds"] == ["0"]
    assert found["encoder, mean"] == pytest.approx(0.9)
    assert found["raw, mean"] == pytest.approx(0.7)
    assert found["TS2Vec, mean"] == pytest.approx(0.93)


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    """Seven waves of a day each, with a trend that makes every step unlike the others."""
    steps = np.arange(17_420)[:, None]
    return np.sin(2 * np.pi * (steps + np.arange(7)) / 24) + steps / 10_000


def test_a_window_ends_where_its_forecast_begins_and_parts_do_not_mix(values: np.ndarray) -> None:
    seen, follows = forecast.windows(values, "measure", 720)
    assert seen.shape[1:] == (7, forecast.LOOK_BACK)
    assert len(follows) == 2_880 - 720 + 1
    joined = torch.cat([seen[0], follows[0]], dim=1)
    first = 11_520 - forecast.LOOK_BACK
    assert torch.allclose(joined, torch.from_numpy(values[first : first + joined.shape[1]].T).float())
    _, last = forecast.windows(values, "learn", 24)
    assert float(last[-1, 0, -1]) <= float(torch.tensor(values[8_639, 0]).float()) + 1e-6


def test_a_linear_rule_forecasts_what_is_linear_and_naive_rules_are_what_they_say(values: np.ndarray) -> None:
    short = values[:14_400]
    assert forecast.ridge(short, forecast.raw, [24])[24] < 0.01
    rules = forecast.naive(short, [24])
    assert rules["last day"][24] < 0.001
    assert rules["last value"][24] > 0.1
