"""What a collection of picture files is like, from headers alone, and the one layout in which it will be stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from selflearn.data.images.decode import ENDINGS, Header, Layout, examine, reason
from selflearn.data.images.origins import Origin
from selflearn.data.images.spec import ImageSpec, PixelType
from selflearn.data.options import ReadOptions
from selflearn.data.threads import in_threads
from selflearn.errors import DataError

SIDE = 128
"""Default side of stored pictures. Networks here work at 32 to 96 pixels for minutes on a CPU; their crops then still have
pixels to choose from, and 100,000 colour pictures take 5 GB."""


@dataclass
class Survey:
    """Headers by position in the origin, and why some pictures have none."""

    headers: dict[int, Header]
    failed: dict[int, str]


def survey(origin: Origin, options: ReadOptions) -> Survey:
    """Look at every header; progress counts this as the first half of the work."""

    def look(position: int) -> Header | str:
        try:
            with origin.open(position) as image:
                return examine(image)
        except Exception as error:  # one bad file never ends a run
            return reason(error)

    found = Survey({}, {})
    for position, answer in enumerate(in_threads(look, range(len(origin)), options, 2 * len(origin))):
        if isinstance(answer, Header):
            found.headers[position] = answer
        else:
            found.failed[position] = answer
    return found


def choose_layout(headers: Iterable[Header], size: int | None, like: ImageSpec | None = None) -> Layout:
    """The one form in which pictures with these headers are stored.

    Pictures of one size keep it, or are reduced alike to an area of at most side x side, where side is `size` or 128. Mixed
    sizes are stored square, with the side of the median picture (the root of its area) or that limit. Grey and colour
    together become colour; depths together become the deepest.

    Raises
    ------
    DataError : an encoder's data (`like`) has channels that files cannot give.
    """
    if like is not None:
        if like.channels not in {1, 3}:
            raise DataError(f"the encoder reads pictures of {like.channels} channels, and files give 1 or 3: give it arrays")
        return Layout(like.channels, like.height, like.width, like.dtype)
    headers = list(headers)
    depths = {each.depth for each in headers}
    dtype: PixelType = "float32" if "float32" in depths else "uint16" if "uint16" in depths else "uint8"
    channels = 3 if any(each.colour for each in headers) else 1
    limit = size or SIDE
    sizes = {(each.width, each.height) for each in headers}
    if len(sizes) == 1:
        width, height = sizes.pop()
        factor = min(1.0, limit / (width * height) ** 0.5)
        return Layout(channels, max(round(height * factor), 1), max(round(width * factor), 1), dtype)
    side = int(np.median([(each.width * each.height) ** 0.5 for each in headers]))
    side = max(min(side, limit), 1)
    return Layout(channels, side, side, dtype)


def notes_on(headers: dict[int, Header], ids: list[str], layout: Layout) -> list[str]:
    """What was done to pictures beyond decoding, counted."""
    every = list(headers.values())
    sizes = Counter((each.width, each.height) for each in every)
    colour = sum(each.colour for each in every)
    deep = Counter(each.depth for each in every)
    wrong = [position for position, each in headers.items() if _wrong_ending(ids[position], each)]
    lines = []
    if len(sizes) > 1:
        sides = sorted(max(size) for size in sizes)
        lines.append(
            f"pictures have {len(sizes)} sizes (longer side {sides[0]} to {sides[-1]}); stored as {layout.width} x {layout.height}"
        )
    elif (layout.width, layout.height) not in sizes:
        width, height = next(iter(sizes))
        lines.append(f"pictures of {width} x {height} are stored as {layout.width} x {layout.height}")
    if layout.channels == 3 and colour < len(every):
        lines.append(f"{_count(len(every) - colour)} grey among colour: stored as colour")
    if layout.channels == 1 and colour:
        lines.append(f"{_count(colour)} in colour: stored as grey")
    if len(deep) > 1 or layout.dtype not in deep:
        lines.append(f"depths differ ({', '.join(f'{count} {depth}' for depth, count in deep.items())}): stored as {layout.dtype}")
    if turned := sum(each.turned for each in every):
        lines.append(f"{_count(turned)} turned as the EXIF tag says")
    if alpha := sum(each.alpha for each in every):
        lines.append(f"{_count(alpha)} with transparency: shown over white where it varies")
    if frames := sum(each.frames > 1 for each in every):
        lines.append(f"{_count(frames)} of several pages or frames: the first is taken")
    if wrong:
        lines.append(
            f"{_count(len(wrong))} with a wrong ending ({ids[wrong[0]]} is {headers[wrong[0]].format}): the content decides"
        )
    return lines


def _wrong_ending(name: str, header: Header) -> bool:
    ending = PurePath(name).suffix.lower()
    return ending in ENDINGS and header.format != "memory" and ENDINGS[ending] != header.format


def _count(number: int) -> str:
    return f"{number:,} picture{'s' if number != 1 else ''}"
