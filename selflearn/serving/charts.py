"""Charts as inline SVG: lines with chosen ticks, intervals beside each other. Colours are CSS classes: they follow the theme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape

WIDTH, HEIGHT = 440, 230
LEFT, RIGHT, TOP, BOTTOM = 50, 12, 12, 34
MOST_POINTS = 240  # a line is averaged down to this; the shaded band keeps the extremes visible


@dataclass(frozen=True)
class Series:
    """One line. `x` and `y` are of equal length, points that are not finite are left out; `style` is a CSS class ("s0", ...)."""

    name: str
    x: np.ndarray
    y: np.ndarray
    style: str


@dataclass(frozen=True)
class Chart:
    """A drawn chart: its SVG, and what a script needs to read values off it."""

    title: str
    note: str
    svg: Markup
    legend: list[tuple[str, str]]
    data: dict[str, object]


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers (1, 2, 2.5 or 5 times a power of ten) that lie within [low, high]."""
    if not high > low:
        return [low]
    rough = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((power * factor for factor in (1, 2, 2.5, 5, 10)), key=lambda size: abs(math.log(size / rough)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def number(value: float, step: float = 0.0) -> str:
    """A number as a person writes it: 1,200, 45k, 0.25, 1e-5; on an axis, with as many digits as tell marks `step` apart."""
    if value == 0:
        return "0"
    size = abs(value)
    digits = min(9, max(3, 2 + math.floor(math.log10(size)) - math.floor(math.log10(step)))) if step > 0 else 3
    if size >= 1e6:
        return f"{value / 1e6:.{digits}g}M"
    if size >= 1e4:
        return f"{value / 1e3:.{digits}g}k"
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if size >= 1e-3 else f"{value:.1e}".replace("e-0", "e-").replace(".0e", "e")


def thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """At most 240 points: the mean x and y of neighbouring points, and the lowest and highest y among them."""
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite].astype(float), y[finite].astype(float)
    if len(x) <= MOST_POINTS:
        return x, y, y, y
    starts = np.linspace(0, len(x), MOST_POINTS, endpoint=False).astype(int)
    count = np.diff([*starts, len(x)])
    mean_x, mean_y = np.add.reduceat(x, starts) / count, np.add.reduceat(y, starts) / count
    return mean_x, mean_y, np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)


@dataclass(frozen=True)
class _Axis:
    """From values to pixels, linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: np.ndarray | float) -> np.ndarray:
        values = np.asarray(value, dtype=float)
        low, high = self.low, self.high
        if self.log:
            values, low, high = np.log10(np.maximum(values, self.low)), math.log10(low), math.log10(high)
        return self.start + (values - low) / max(high - low, 1e-300) * (self.end - self.start)

    def marks(self, count: int) -> list[float]:
        if not self.log:
            return ticks(self.low, self.high, count)
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        if last - first < 2:
            near = [factor * 10.0**power for power in range(first - 1, last + 1) for factor in (1, 2, 5)]
            return [mark for mark in near if self.low <= mark <= self.high]
        stride = max(1, round((last - first) / count))
        return [10.0**power for power in range(first, last + 1, stride)]


def _vertical(lows: np.ndarray, highs: np.ndarray, log: bool, zero: bool) -> _Axis:
    low, high = float(lows.min()), float(highs.max())
    if log:
        low, high = low / 1.15, high * 1.15
        if low == high:
            high = low * 10
    else:
        if low > 0 and (zero or low < 0.6 * high):
            low = 0.0
        room = (high - low or abs(high) or 1.0) * 0.06
        low, high = (low if low == 0.0 else low - room), high + room
    return _Axis(low, high, HEIGHT - BOTTOM, TOP, log)


def line_chart(
    title: str,
    series: Sequence[Series],
    *,
    x_label: str = "",
    note: str = "",
    log: bool = False,
    log_x: bool = False,
    zero: bool = False,
) -> Chart | None:
    """Lines over one pair of axes; None where no point can be drawn.

    Parameters
    ----------
    note : one sentence of what to look for.
    zero : the vertical axis begins at zero even where all values lie far above it.
    log, log_x : logarithmic axes; values that are not positive are left out there.
    """
    drawn = []
    for each in series:
        keep = (each.y > 0 if log else np.full(len(each.y), True)) & (each.x > 0 if log_x else True)
        x, y, low, high = thin(np.asarray(each.x)[keep], np.asarray(each.y)[keep])
        if len(x):
            drawn.append((each, x, y, low, high))
    if not drawn:
        return None
    first, last = min(float(part[1].min()) for part in drawn), max(float(part[1].max()) for part in drawn)
    across = _Axis(first, last if last > first else first + 1, LEFT, WIDTH - RIGHT, log_x)
    up = _vertical(np.concatenate([part[3] for part in drawn]), np.concatenate([part[4] for part in drawn]), log, zero)
    parts = [_frame(across, up, x_label)]
    lines = []
    for each, x, y, low, high in drawn:
        left, middle = across(x), up(y)
        if (high > low).any():
            outline = [*zip(left, up(high), strict=True), *zip(left[::-1], up(low)[::-1], strict=True)]
            parts.append(f'<polygon class="band {escape(each.style)}" points="{_points(outline)}"/>')
        points = list(zip(left, middle, strict=True))
        parts.append(f'<polyline class="line {escape(each.style)}" points="{_points(points)}"/>')
        if len(points) == 1:
            parts.append(f'<circle class="dot {escape(each.style)}" cx="{left[0]:.1f}" cy="{middle[0]:.1f}" r="3"/>')
        at = [[round(float(value), 1) for value in values] for values in (left, middle)]
        lines.append({"name": each.name, "style": each.style, "at": at, "x": [number(v) for v in x], "y": [number(v) for v in y]})
    label = escape(f"{title}: " + ", ".join(part[0].name for part in drawn))
    svg = f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
    legend = [(part[0].name, part[0].style) for part in drawn]
    return Chart(title, note, Markup(svg), legend, {"xLabel": x_label, "lines": lines})  # noqa: S704 - every text in it is escaped


def _points(pairs: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in pairs)


def _frame(across: _Axis, up: _Axis, x_label: str) -> str:
    bottom = HEIGHT - BOTTOM
    parts = []
    marks = up.marks(4)
    step = min(np.diff(marks), default=0.0)
    for mark in marks:
        y = float(up(mark))
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{number(mark, step)}</text>')
    for mark in across.marks(5):
        x = float(across(mark))
        anchor = "end" if x > WIDTH - RIGHT - 8 else "middle"
        parts.append(f'<text class="tick" x="{x:.1f}" y="{bottom + 17}" text-anchor="{anchor}">{number(mark)}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{bottom}" y2="{bottom}"/>')
    if x_label:
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text class="tick" x="{middle}" y="{HEIGHT - 2}" text-anchor="middle">{escape(x_label)}</text>')
    return "".join(parts)


def intervals(rows: Sequence[tuple[str, float, float, float]]) -> Markup:
    """Values with their intervals, one below the other on one scale.

    Parameters
    ----------
    rows : (CSS class, value, low, high) from top to bottom; NaN draws nothing.
    """
    finite = [value for row in rows for value in row[1:] if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    room = (high - low or abs(high) or 1.0) * 0.08
    across = _Axis(low - room, high + room, 4, 196)
    height = 14 * len(rows) + 6
    parts = []
    for order, (style, value, start, end) in enumerate(rows):
        y = 10 + 14 * order
        parts.append(f'<line class="grid" x1="0" x2="200" y1="{y}" y2="{y}"/>')
        if not math.isfinite(value):
            continue
        if math.isfinite(start) and math.isfinite(end):
            parts.append(f'<line class="range {escape(style)}" x1="{across(start):.1f}" x2="{across(end):.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="dot {escape(style)}" cx="{across(value):.1f}" cy="{y}" r="4"/>')
    svg = f'<svg class="intervals" viewBox="0 0 200 {height}" aria-hidden="true">{"".join(parts)}</svg>'
    return Markup(svg)  # noqa: S704 - every text in it is escaped
