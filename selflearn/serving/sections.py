"""The parts of a report, from plain data to what the page's template shows: curves, map, neighbours, spectrum, views, skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL.Image import Image, Resampling

from selflearn.measures.spectrum import eigenspectrum
from selflearn.serving.charts import MOST_POINTS, Chart, Series, line_chart
from selflearn.serving.map import clusters, embedding_map
from selflearn.serving.neighbours import Query, choose_queries
from selflearn.serving.samples import Samples
from selflearn.serving.thumbnails import data_address, sprite
from selflearn.training.metrics import COLUMNS

MOST_SHOWN = 1_500  # samples on the map
MOST_GROUPS = 29  # ten colours, three shapes; what is left is grey
MOST_SKIPPED = 200
ICONS = ('<circle r="7"/>', '<path d="M-6-6H6V6H-6Z"/>', '<path d="M0-8.5 8.5 0 0 8.5-8.5 0Z"/>')
ROLES = {"best": "Best", "typical": "Typical", "worst": "Worst"}


def curves(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Loss and its parts, effective rank, deviation, gradient norm, learning rate; stages follow one another. None without rows."""
    if not metrics:
        return None
    steps, offset, last, stage = [], 0, 0, metrics[0].get("stage", 0)
    for row in metrics:
        if row.get("stage", 0) != stage:
            stage, offset = row.get("stage", 0), last
        last = offset + int(row["step"])
        steps.append(last)
    x = np.array(steps, dtype=float)

    def column(name: str) -> np.ndarray:
        return np.array([np.nan if row.get(name) is None else float(row[name]) for row in metrics])

    parts = [name for name in dict.fromkeys(key for row in metrics for key in row) if name not in COLUMNS]
    losses = (
        [("total", "total"), *((name, name) for name in parts)] if len(parts) > 1 else [("total", parts[0] if parts else "total")]
    )
    charts = [
        line_chart(
            title,
            [Series(label, x, column(key), f"s{order % 6}") for order, (key, label) in enumerate(keys)],
            x_label="step",
            note=note,
            log=log,
            zero=title not in ("Loss", "Gradient norm"),
        )
        for title, keys, note, log in (
            ("Loss", losses[:6], "Falls, then levels off.", False),
            ("Effective rank", [("rank", "effective rank")], "Directions the embedding uses; falling to 1 is collapse.", False),
            ("Embedding deviation", [("deviation", "deviation")], "1 where samples spread evenly, 0 where all are alike.", False),
            ("Gradient norm", [("grad_norm", "gradient norm")], "Steady; growth without end is divergence.", True),
            ("Learning rate", [("lr", "learning rate")], "As the schedule follows the budget.", False),
        )
    ]
    drawn = [chart for chart in charts if chart is not None]
    seconds = column("seconds")
    took = f" in {np.nanmax(seconds):,.0f} s" if np.isfinite(seconds).any() else ""
    bands = " Shaded bands are the range of the readings that a point averages." if len(x) > MOST_POINTS else ""
    lead = f"{int(x.max()):,} updates{took}.{bands}"
    return {"charts": drawn, "lead": lead} if drawn else None


def atlas(samples: Samples | None) -> dict[str, Any] | None:
    """The map: groups of marks, and what the page's script needs to answer a pointer. None with fewer than three samples."""
    if samples is None or len(samples.ids) < 3:
        return None
    shown = samples.some(MOST_SHOWN)
    positions, way = embedding_map(shown.vectors, shown.seed)
    places = np.round(20 + 960 * positions).astype(int)
    member, groups = _groups(shown)
    for number, group in enumerate(groups):
        shape = 0 if group["style"] == "kx" else number // 10
        rows = np.flatnonzero(member == number)
        group["count"] = len(rows)
        group["icon"] = Markup(ICONS[shape])  # noqa: S704 - our own marks
        group["marks"] = Markup("".join(_mark(shape, *places[row]) for row in rows))  # noqa: S704 - numbers only
    sheet = sprite(shown.pictures, 96) if shown.pictures else None
    colours = (
        "labels, which learning did not see unless the recipe says so"
        if shown.labels is not None
        else "k-means clusters: nobody gave labels"
    )
    few = f" {len(shown.ids):,} of {shown.total:,} samples." if len(shown.ids) < shown.total else f" All {shown.total:,} samples."
    return {
        "lead": f"Near on the map ({way}) means similar to the encoder; distances between far groups mean little. "
        f"Colours are {colours}.{few}",
        "label": f"{way} map of {len(shown.ids)} samples",
        "groups": groups,
        "long": max(len(group["name"]) for group in groups) > 9,
        "sprite": sheet,
        "data": {
            "x": places[:, 0].tolist(),
            "y": places[:, 1].tolist(),
            "group": member.tolist(),
            "groups": [group["name"] for group in groups],
            "ids": shown.ids,
            "words": shown.words or [],
            "cell": sheet.cell if sheet else 0,
            "columns": sheet.columns if sheet else 0,
        },
    }


def _groups(shown: Samples) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """(n,) the group of each sample, and every group's name and colour: the most frequent classes first in line for a colour."""
    if shown.labels is None:
        member = clusters(shown.vectors, shown.seed)
        return member, [{"name": f"cluster {number + 1}", "style": f"k{number}"} for number in range(int(member.max()) + 1)]
    found, counts = np.unique(shown.labels[shown.labels >= 0], return_counts=True)
    kept = np.sort(found[np.argsort(-counts, kind="stable")[:MOST_GROUPS]])
    groups = [{"name": shown.name(int(label)), "style": f"k{number % 10}"} for number, label in enumerate(kept)]
    member = np.full(len(shown.labels), -1)
    for number, label in enumerate(kept):
        member[shown.labels == label] = number
    for name, rest in ((f"{len(found) - len(kept)} other classes", shown.labels >= 0), ("no label", shown.labels < 0)):
        left = rest & (member < 0)
        if left.any():
            member[left] = len(groups)
            groups.append({"name": name, "style": "kx"})
    return member, groups


def _mark(shape: int, x: int, y: int) -> str:
    return f'<circle cx="{x}" cy="{y}" r="6"/>' if shape == 0 else f'<use href="#m{shape}" x="{x}" y="{y}"/>'


def gallery(samples: Samples | None) -> dict[str, Any] | None:
    """Queries and their neighbours by role; thumbnails share one sheet. None where there are too few samples."""
    hood = choose_queries(samples.vectors, samples.labels, seed=samples.seed) if samples and len(samples.ids) > 2 else None
    if samples is None or hood is None or not hood.queries:
        return None
    rows = list(dict.fromkeys(int(row) for query in hood.queries for row in (query.index, *query.neighbours)))
    sheet = sprite([samples.pictures[row] for row in rows], 96) if samples.pictures else None
    place = {row: position for position, row in enumerate(rows)}

    def item(row: int, asked: int, similarity: float | None) -> dict[str, Any]:
        labels = samples.labels
        label = -1 if labels is None else int(labels[row])
        return {
            "id": samples.ids[row],
            "style": sheet.style(place[row]) if sheet else "",
            "caption": samples.name(label) if label >= 0 and (sheet or samples.words) else samples.ids[row],
            "words": samples.words[row] if samples.words else "",
            "similarity": "" if similarity is None else f"{similarity:.3f}",
            "wrong": labels is not None and label >= 0 and int(labels[asked]) >= 0 and label != int(labels[asked]),
        }

    def shown(query: Query) -> dict[str, Any]:
        pairs = zip(query.neighbours, query.similarities, strict=True)
        return {
            "asked": item(query.index, query.index, None),
            "found": [item(int(row), query.index, float(near)) for row, near in pairs],
        }

    unit = "same label" if samples.labels is not None else "mean similarity"
    roles = []
    for role, name in ROLES.items():
        queries = [query for query in hood.queries if query.role == role]
        if queries:
            meaning = f"{unit} {np.mean([query.score for query in queries]):.2f}"
            roles.append({"name": name, "meaning": meaning, "queries": [shown(query) for query in queries]})
    ringed = " Neighbours of another class are ringed." if samples.labels is not None else ""
    among = f"Among {len(samples.ids):,} samples, by cosine. "
    lead = f"{among}Chosen by the {hood.criterion}: {hood.mean:.2f} on average.{ringed}"
    return {"lead": lead, "roles": roles, "sprite": sheet}


def spectrum(embeddings: np.ndarray | None) -> dict[str, Any] | None:
    """Share of the variance in each principal direction, beside the slope of 1 / i. None below three samples or dimensions."""
    if embeddings is None or min(embeddings.shape) < 3:
        return None
    values = eigenspectrum(np.asarray(embeddings)).numpy()
    if not values[0] > 0:
        return None
    share = values / values.sum()
    index = np.arange(1, len(share) + 1)
    reference = share[0] / index
    kept = share > share[0] * 1e-7
    series = [Series("encoder", index[kept], share[kept], "s0"), Series("slope 1 / i", index[kept], reference[kept], "reference")]
    chart: Chart | None = line_chart(
        "Share of the variance", series, x_label="direction", note="Both axes are logarithmic.", log=True, log_x=True
    )
    half, most = (int(np.searchsorted(np.cumsum(share), part) + 1) for part in (0.5, 0.9))
    lead = (
        f"{half} of {len(share)} directions hold half of the embedding's variance, {most} hold nine tenths. A line that falls "
        "like the dashed one goes with features that generalise; one that drops at once means that most directions are idle."
    )
    return {"chart": chart, "lead": lead} if chart else None


def seen(rows: Sequence[Sequence[Image | str]], names: Sequence[str]) -> dict[str, Any] | None:
    """Rows of a sample and its views as single pictures or words. None where there are none."""
    if not any(rows):
        return None

    def one(picture: Image | str, order: int) -> dict[str, Any]:
        name = names[order] if order < len(names) else "sample" if order == 0 else f"view {order}"
        if isinstance(picture, str):
            return {"words": picture, "name": name}
        small = picture.convert("RGB")
        small.thumbnail((224, 224), Resampling.LANCZOS)
        return {"address": data_address(small, None if max(small.size) <= 96 else 85), "name": name, "small": max(small.size) <= 48}

    return {"rows": [[one(picture, order) for order, picture in enumerate(row)] for row in rows if row]}


def skipped(given: Sequence[tuple[str, str]]) -> dict[str, Any] | None:
    """What was skipped: counted, and the first 200 by name. None where nothing was."""
    more = len(given) - MOST_SKIPPED
    return {"count": f"{len(given):,}", "shown": given[:MOST_SKIPPED], "more": f"{more:,}" if more > 0 else ""} if given else None
