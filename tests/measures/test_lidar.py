"""LiDAR: how many directions tell samples apart by more than views scatter."""

import numpy as np
import pytest

from selflearn.errors import DataError
from selflearn.measures.lidar import lidar

draws = np.random.default_rng(0)


def views(signal: np.ndarray, noise: np.ndarray, samples: int = 2000, seen: int = 8) -> np.ndarray:
    """(samples, views, dim) with these standard deviations in each direction, between samples and between views."""
    centre = draws.normal(size=(samples, 1, len(signal))) * signal
    return centre + draws.normal(size=(samples, seen, len(signal))) * noise


def test_equal_directions_are_counted():
    assert lidar(views(np.ones(6), np.full(6, 0.1))) == pytest.approx(6, rel=0.02)


def test_directions_that_views_alone_move_count_little():
    signal, noise = np.array([1.0, 1, 1, 0, 0, 0]), np.full(6, 0.1)
    assert lidar(views(signal, noise)) == pytest.approx(3, rel=0.05)


def test_it_is_held_against_what_changes_within():
    """Signals of very different size tell samples apart equally where views scatter in proportion."""
    signal = np.array([1.0, 0.1, 0.01])
    assert lidar(views(signal, 0.2 * signal), shrinkage=1e-9) == pytest.approx(3, rel=0.02)


def test_scale_and_rotation_change_nothing():
    found = views(np.array([1.0, 0.5, 0.2, 0.1]), np.full(4, 0.1), samples=200)
    axes = np.linalg.qr(draws.normal(size=(4, 4)))[0]
    assert lidar(100 * found @ axes) == pytest.approx(lidar(found), rel=1e-6)


def test_what_has_no_views_is_refused():
    with pytest.raises(DataError, match="at least two views"):
        lidar(np.zeros((10, 4)))
    with pytest.raises(DataError, match="the same"):
        lidar(np.ones((10, 2, 4)))
