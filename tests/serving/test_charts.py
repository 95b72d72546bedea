"""Charts: round ticks, readable numbers, nothing unescaped, extremes kept."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn.serving.charts import MOST_POINTS, Series, intervals, line_chart, number, thin, ticks


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 8))
def test_ticks_are_round_and_inside(low, width, count):
    high = low + width
    if not high > low:
        return
    marks = ticks(low, high, count)
    slack = 1e-6 * width + 1e-15 * abs(high)  # and what a float can tell apart
    assert all(low - slack <= mark <= high + slack for mark in marks)
    assert 1 <= len(marks) <= 3 * count


def test_ticks_of_a_percentage():
    assert ticks(0, 1, 4) == [0, 0.25, 0.5, 0.75, 1.0]
    assert ticks(0, 600, 5) == [0, 100, 200, 300, 400, 500, 600]


def test_numbers_of_neighbouring_marks_differ():
    marks = ticks(0.9968, 0.9992, 4)
    step = marks[1] - marks[0]
    assert len({number(mark, step) for mark in marks}) == len(marks)
    assert [number(value) for value in (0, 1200, 45_000, 2.5e6, 0.25, 1e-5)] == ["0", "1,200", "45k", "2.5M", "0.25", "1e-5"]


def test_thinning_keeps_the_extremes():
    y = np.sin(np.arange(10_000) / 7)
    y[5_000] = 40
    x, _, low, high = thin(np.arange(10_000), y)
    assert len(x) == MOST_POINTS
    assert high.max() == 40
    assert low.min() == y.min()


def test_a_chart_is_well_formed_and_escapes_names():
    lines = [Series("<script>&", np.arange(5), np.array([1, np.nan, 3, np.inf, 5.0]), "s0")]
    chart = line_chart("a < b", lines, x_label="<x>")
    root = ElementTree.fromstring(chart.svg)
    assert len(root.find("polyline").get("points").split()) == 3
    assert "<script" not in chart.svg


def test_nothing_to_draw_is_none():
    assert line_chart("empty", [Series("a", np.arange(3), np.full(3, np.nan), "s0")]) is None
    assert line_chart("log", [Series("a", np.arange(3), np.array([-1.0, 0, -3]), "s0")], log=True) is None


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0, 2.0], [0.0, 0.0], [1e-9, 1e9], [-5.0, -3.0]])
def test_degenerate_values_stay_inside_the_frame(values):
    svg = str(line_chart("one", [Series("a", np.arange(len(values)), np.array(values), "s0")]).svg)
    places = [float(text) for pair in re.findall(r'points="([^"]*)"', svg) for text in re.split("[ ,]", pair)]
    assert all(0 <= place <= 440 for place in places)


def test_intervals_place_larger_values_further_right():
    svg = intervals([("of-encoder", 0.9, 0.85, 0.95), ("of-raw", 0.5, 0.4, 0.6), ("of-pca", float("nan"), 0, 1)])
    first, second = (float(place) for place in re.findall(r'<circle [^>]*cx="([\d.]+)"', svg))
    assert first > second
    ElementTree.fromstring(svg)
