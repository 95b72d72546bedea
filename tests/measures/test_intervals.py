import math

import numpy as np
import pytest
from scipy import stats

from selflearn.errors import DataError
from selflearn.measures.intervals import interval, paired_interval, upper_bound, wilson


def test_interval_is_students():
    values = np.random.default_rng(0).normal(size=12)
    mean, low, high = interval(values)
    expected = stats.t.interval(0.95, 11, loc=values.mean(), scale=stats.sem(values))
    assert (mean, low, high) == pytest.approx((values.mean(), *expected))


def test_one_value_has_no_known_spread():
    assert interval([0.3]) == (0.3, -math.inf, math.inf)


def test_what_is_shared_cancels_in_pairs():
    luck = np.random.default_rng(0).normal(size=10)
    mean, low, high = paired_interval(luck + 0.1, luck)
    assert (mean, low, high) == pytest.approx((0.1, 0.1, 0.1))
    assert paired_interval([1, 2, 4], [2, 1, 3]) == pytest.approx(interval([-1, 1, 1]))


def test_an_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = [low < 0 < high for _, low, high in (interval(rng.normal(size=6), 0.8) for _ in range(2000))]
    assert np.mean(covered) == pytest.approx(0.8, abs=0.03)


def test_bounds_for_counts():
    assert upper_bound(0, 50) == pytest.approx(1 - 0.05 ** (1 / 50))
    assert upper_bound(50, 50) == 1
    for count in (1, 7):
        # the bound is the rate at which so few events would be seen just once in twenty times
        assert stats.binom.cdf(count, 50, upper_bound(count, 50)) == pytest.approx(0.05)
    low, high = wilson(5, 50)
    for edge in (low, high):
        assert abs(0.1 - edge) == pytest.approx(1.959964 * math.sqrt(edge * (1 - edge) / 50), rel=1e-5)
    assert wilson(0, 50)[0] == 0


def test_impossible_input_is_refused():
    for wrong in (lambda: interval([]), lambda: interval([1, np.nan]), lambda: paired_interval([1, 2], [1]), lambda: wilson(3, 2)):
        with pytest.raises(DataError):
            wrong()
