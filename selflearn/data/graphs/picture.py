"""How a graph looks to a person: nodes pushed apart, edges pulling them together (Fruchterman and Reingold, 1991)."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

COLOURS = ("#1f5fa8", "#c8502d", "#2e8b57", "#8455a8", "#a87b1f", "#3a9fb5", "#b5427f", "#6b7d2a", "#4a4a4a")
MOST = 150
"""Nodes that are drawn; of a larger graph the first ones that hang together."""
_STEPS = 60
_SCALE = 3


def colours_of(values: np.ndarray) -> np.ndarray:
    """(nodes,) int64, a number for each node by its largest feature: its kind, where features are one number a kind."""
    return np.asarray(values.argmax(axis=1), dtype=np.int64)


def drawing(nodes: int, pairs: np.ndarray, size: int, colour: np.ndarray, ringed: int | None = None) -> Image.Image:
    """An RGB picture of a graph.

    Parameters
    ----------
    nodes : how many.
    pairs : (2, edges) node numbers.
    size : side in pixels.
    colour : (nodes,) a number a node; equal numbers look equal, -1 is grey.
    ringed : a node to point out.
    """
    if nodes > MOST:
        kept = _together(nodes, pairs, ringed or 0)
        place = np.full(nodes, -1)
        place[kept] = np.arange(len(kept))
        pairs = place[pairs[:, (place[pairs] >= 0).all(axis=0)]]
        colour, ringed, nodes = colour[kept], None if ringed is None else int(place[ringed]), len(kept)
    wide = size * _SCALE  # drawn large and shrunk, so that lines are smooth
    radius = float(np.clip(wide / (3.0 * max(nodes, 1) ** 0.5 + 14), 2.0, wide / 14))
    spots = _fitted(layout(nodes, pairs), wide, 1.8 * radius)
    image = Image.new("RGB", (wide, wide), "white")
    draw = ImageDraw.Draw(image)
    for first, second in pairs.T.tolist():
        draw.line((*spots[first].tolist(), *spots[second].tolist()), fill="#b8b8b8", width=_SCALE)
    for node, (across, down) in enumerate(spots.tolist()):
        shade = "#999999" if colour[node] < 0 else COLOURS[int(colour[node]) % len(COLOURS)]
        if node == ringed:
            reach = 1.7 * radius
            draw.ellipse((across - reach, down - reach, across + reach, down + reach), outline="#111111", width=_SCALE + 1)
        draw.ellipse((across - radius, down - radius, across + radius, down + radius), fill=shade)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def layout(nodes: int, pairs: np.ndarray) -> np.ndarray:
    """(nodes, 2) places; the same graph is always laid out alike."""
    spots = np.random.default_rng(0).uniform(-1, 1, (nodes, 2))
    if nodes < 2:
        return np.zeros((nodes, 2))
    ideal, heat = 2.0 / nodes**0.5, 0.3
    for _ in range(_STEPS):
        away = spots[:, None] - spots[None]
        far = np.maximum(np.square(away).sum(-1), 1e-4)
        push = (away * (ideal**2 / far)[..., None]).sum(1)
        along = spots[pairs[0]] - spots[pairs[1]]
        pull = along * (np.linalg.norm(along, axis=1, keepdims=True) / ideal)
        np.add.at(push, pairs[0], -pull)
        np.add.at(push, pairs[1], pull)
        push -= 0.3 * spots  # parts that are not joined stay near
        length = np.maximum(np.linalg.norm(push, axis=1, keepdims=True), 1e-9)
        spots = spots + push / length * np.minimum(length, heat)
        heat *= 0.94
    return spots


def _fitted(spots: np.ndarray, wide: int, margin: float) -> np.ndarray:
    """Inside the picture, with equal scales."""
    low, high = spots.min(axis=0), spots.max(axis=0)
    extent = max(float((high - low).max()), 1e-9)
    return np.asarray((spots - (low + high) / 2) / extent * (wide - 2 * margin) + wide / 2)


def _together(nodes: int, pairs: np.ndarray, start: int) -> np.ndarray:
    """Sorted numbers of at most `MOST` nodes, found by walking outwards."""
    known = np.zeros(nodes, dtype=bool)
    known[start] = True
    front = known.copy()
    while known.sum() < MOST:
        beside = np.zeros(nodes, dtype=bool)
        beside[pairs[1][front[pairs[0]]]] = True
        beside[pairs[0][front[pairs[1]]]] = True
        front = beside & ~known
        if not front.any():  # another part of the graph
            front = np.zeros(nodes, dtype=bool)
            front[np.argmin(known)] = True
        known[np.flatnonzero(front)[: MOST - int(known.sum())]] = True
    return np.flatnonzero(known)
