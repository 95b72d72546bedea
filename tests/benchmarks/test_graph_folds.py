"""Ten folds of graphs: what is chosen is chosen inside a training part, and graphs of no fold are never tested."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.graph_folds import folds_of, kernels_of


def made() -> tuple[np.ndarray, np.ndarray]:
    labels = np.arange(66) % 2
    return labels, np.where(np.arange(66) < 60, np.arange(66) // 6, -1)


def test_each_fold_is_tested_once_and_what_has_none_is_not():
    labels, fold = made()
    told = labels[:, None] * np.ones((1, 3)) + 0.01 * np.random.default_rng(0).normal(size=(66, 3))
    told[fold < 0] *= -5  # they would be taken for the other class
    assert folds_of({"told": told}, {"arm": ("told",)}, labels, fold)["arm"] == pytest.approx([1.0] * 10)


def test_an_arm_takes_the_better_of_what_it_may_choose_and_nothing_else():
    labels, fold = made()
    rng = np.random.default_rng(1)
    features = {"noise": rng.normal(size=(66, 4)), "signal": labels[:, None] + 0.05 * rng.normal(size=(66, 4))}
    found = folds_of(features, {"both": ("noise", "signal"), "noise alone": ("noise",)}, labels, fold)
    assert np.mean(found["both"]) == 1.0
    assert np.mean(found["noise alone"]) < 0.8


def test_kernels_do_not_depend_on_the_scale_of_a_feature_and_constant_ones_count_for_nothing():
    features = np.random.default_rng(2).normal(size=(20, 3))
    other = np.concatenate([features * [1.0, 100.0, 0.01], np.full((20, 1), 7.0)], axis=1)
    for form, kernel in kernels_of(features).items():
        assert np.allclose(kernel, kernels_of(other)[form], atol=1e-4)
        assert kernel.diagonal().mean() == pytest.approx(1.0, abs=1e-4)
