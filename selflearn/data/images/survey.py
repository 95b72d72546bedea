"""What a collection of picture files is like, from headers alone, and the one layout in which it will be stored."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from selflearn.data.images.decode import DEPTHS, ENDINGS, HEADERS, Layout, as_row, examine, form_name, reason
from selflearn.data.images.origins import Origin
from selflearn.data.images.spec import ImageSpec
from selflearn.data.options import ReadOptions
from selflearn.data.threads import in_threads
from selflearn.errors import DataError

SIDE = 128
"""Default side of stored pictures. Networks here work at 32 to 96 pixels for minutes on a CPU; their crops then still have
pixels to choose from, and 100,000 colour pictures take 5 GB."""


@dataclass
class Survey:
    """What is known of pictures before they are decoded.

    Attributes
    ----------
    positions : (n,) int64, rising: which pictures of the origin have a header.
    headers : (n,) rows of `HEADERS`.
    failed : position -> why it has none.
    """

    positions: np.ndarray
    headers: np.ndarray
    failed: dict[int, str]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def aspect(self) -> np.ndarray:
        """(n,) float64 width / height."""
        return self.headers["width"] / self.headers["height"].astype(np.float64)

    def only(self, positions: np.ndarray) -> Survey:
        """Of some of the pictures."""
        return Survey(positions, self.headers[np.searchsorted(self.positions, positions)], dict(self.failed))


def survey(origin: Origin, options: ReadOptions) -> Survey:
    """Look at every header, unless the origin knows them; progress counts this as the first half of the work."""

    def look(position: int) -> tuple[object, ...] | str:
        try:
            with origin.open(position) as image:
                return as_row(examine(image))
        except Exception as error:  # one bad file never ends a run
            return reason(error)

    known = origin.headers()
    if known is not None:
        return Survey(np.arange(len(origin), dtype=np.int64), known, {})
    rows, failed = list[tuple[object, ...]](), dict[int, str]()
    for position, answer in enumerate(in_threads(look, range(len(origin)), options, 2 * len(origin))):
        if isinstance(answer, str):
            failed[position] = answer
        else:
            rows.append(answer)
    positions = np.setdiff1d(np.arange(len(origin), dtype=np.int64), np.fromiter(failed, dtype=np.int64, count=len(failed)))
    return Survey(positions, np.array(rows, dtype=HEADERS), failed)


def choose_layout(headers: np.ndarray, size: int | None, like: ImageSpec | None = None) -> Layout:
    """The one form in which pictures with these headers are stored.

    Pictures of one size keep it, or are reduced alike to an area of at most side x side, where side is `size` or 128. Mixed
    sizes are stored square, with the side of the median picture (the root of its area) or that limit. Grey and colour
    together become colour; depths together become the deepest.

    Parameters
    ----------
    headers : (n,) rows of `HEADERS`.

    Raises
    ------
    DataError : an encoder's data (`like`) has channels that files cannot give.
    """
    if like is not None:
        if like.channels not in {1, 3}:
            raise DataError(f"the encoder reads pictures of {like.channels} channels, and files give 1 or 3: give it arrays")
        return Layout(like.channels, like.height, like.width, like.dtype)
    dtype = DEPTHS[int(headers["depth"].max())]
    channels = 3 if headers["colour"].any() else 1
    limit = size or SIDE
    widths, heights = headers["width"].astype(np.int64), headers["height"].astype(np.int64)
    if (widths == widths[0]).all() and (heights == heights[0]).all():
        width, height = int(widths[0]), int(heights[0])
        factor = min(1.0, limit / (width * height) ** 0.5)
        return Layout(channels, max(round(height * factor), 1), max(round(width * factor), 1), dtype)
    side = int(np.median((widths * heights) ** 0.5))
    side = max(min(side, limit), 1)
    return Layout(channels, side, side, dtype)


def notes_on(found: Survey, ids: list[str], layout: Layout) -> list[str]:
    """What was done to pictures beyond decoding, counted."""
    headers = found.headers
    sizes = np.unique(headers["width"].astype(np.int64) << 32 | headers["height"])
    colour = int(headers["colour"].sum())
    deep = {DEPTHS[number]: int(count) for number, count in zip(*np.unique(headers["depth"], return_counts=True), strict=True)}
    wrong = [
        (position, form)
        for position, form in zip(found.positions.tolist(), headers["format"].tolist(), strict=True)
        if _wrong_ending(ids[position], form)
    ]
    lines = []
    if len(sizes) > 1:
        sides = np.maximum(headers["width"], headers["height"])
        spread = f"longer side {sides.min()} to {sides.max()}"
        lines.append(f"pictures have {len(sizes)} sizes ({spread}); stored as {layout.width} x {layout.height}")
    elif (layout.width, layout.height) != (headers["width"][0], headers["height"][0]):
        width, height = headers["width"][0], headers["height"][0]
        lines.append(f"pictures of {width} x {height} are stored as {layout.width} x {layout.height}")
    if layout.channels == 3 and colour < len(headers):
        lines.append(f"{_count(len(headers) - colour)} grey among colour: stored as colour")
    if layout.channels == 1 and colour:
        lines.append(f"{_count(colour)} in colour: stored as grey")
    if len(deep) > 1 or layout.dtype not in deep:
        lines.append(f"depths differ ({', '.join(f'{count} {depth}' for depth, count in deep.items())}): stored as {layout.dtype}")
    if turned := int(headers["turned"].sum()):
        lines.append(f"{_count(turned)} turned as the EXIF tag says")
    if alpha := int(headers["alpha"].sum()):
        lines.append(f"{_count(alpha)} with transparency: shown over white where it varies")
    if frames := int((headers["frames"] > 1).sum()):
        lines.append(f"{_count(frames)} of several pages or frames: the first is taken")
    if wrong:
        first, form = wrong[0]
        lines.append(f"{_count(len(wrong))} with a wrong ending ({ids[first]} is {form_name(form)}): the content decides")
    return lines


def _wrong_ending(name: str, form: int) -> bool:
    ending = os.path.splitext(name)[1].lower()
    return ending in ENDINGS and form_name(form) not in {"memory", ENDINGS[ending]}


def _count(number: int) -> str:
    return f"{number:,} picture{'s' if number != 1 else ''}"
