"""The report: one HTML file that is whole in itself. It is filled from plain data, loads nothing, and runs only its own script."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from PIL.Image import Image

from selflearn import __version__
from selflearn.evaluation import Scorecard
from selflearn.serving import scores, sections
from selflearn.serving.ladder import climbed
from selflearn.serving.samples import Samples

FOLDER = "page"


@dataclass
class ReportContents:
    """What a report shows. Every part but the first two may be missing; its section is then left out.

    Attributes
    ----------
    title : what was learned from, e.g. a folder's name.
    verdict : ``kind`` ("learned", "did not learn", "collapsed", "diverged"), ``reason`` and ``remedy``.
    created : when, as a person writes it.
    facts : name -> value, at a glance and in order: data, recipe and why, budget used, encoder, seconds.
    scorecard : every measure beside its baselines.
    metrics : the rows of ``metrics.jsonl``, in order.
    embeddings : (n, dim), finite.
    ids, labels, classes : of the embedded samples; labels (n,) with -1 where nobody knows, and the name of each class number.
    pictures : row -> how that sample looks; words : row -> what it says. Map and neighbours show only rows with either.
    views : rows of pictures or words: a sample, then its views; `view_names` names the columns.
    skipped : (what, why); `notes` : sentences a person should read.
    settings, environment : plain data, shown as YAML.
    usage : (what for, command), ready to be copied.
    ladder : how this run was chosen among candidates (`selflearn tune`), as `ladder.json` holds it.
    seed : of the map, the clusters and the choice of what is shown.
    """

    title: str
    verdict: Mapping[str, str]
    created: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    scorecard: Scorecard | None = None
    metrics: Sequence[Mapping[str, Any]] | None = None
    embeddings: np.ndarray | None = None
    ids: Sequence[str] | None = None
    labels: np.ndarray | None = None
    classes: Sequence[str] = ()
    pictures: Mapping[int, Image] | None = None
    words: Mapping[int, str] | None = None
    views: Sequence[Sequence[Image | str]] | None = None
    view_names: Sequence[str] = ()
    skipped: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    settings: Mapping[str, Any] | None = None
    environment: Mapping[str, Any] | None = None
    usage: Sequence[tuple[str, str]] = ()
    ladder: Mapping[str, Any] | None = None
    seed: int = 0


def write_report(contents: ReportContents, path: str | Path) -> Path:
    """Write the page and return its path. It is written beside its place and then renamed: a reader never meets half a page.

    Raises
    ------
    DataError : embeddings that are not finite, or do not fit ids and labels.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(render_report(contents), encoding="utf-8")
    return beside.replace(path)


def render_report(contents: ReportContents) -> str:
    """The page as text."""
    script = _text("script.js")
    samples = Samples.of(
        contents.embeddings, contents.ids, contents.labels, contents.classes, contents.pictures, contents.seed, contents.words
    )
    parts: dict[str, Any] = {
        "scorecard": scores.table(contents.scorecard or Scorecard()),
        "ladder": climbed(contents.ladder),
        "training": sections.curves(contents.metrics or ()),
        "map": sections.atlas(samples),
        "neighbours": sections.gallery(samples),
        "spectrum": sections.spectrum(contents.embeddings),
        "views": sections.seen(contents.views or (), contents.view_names),
        "notes": True,
        "settings": contents.settings or contents.environment,
        "use": contents.usage,
    }
    return _template().render(
        version=__version__,
        style=Markup(_text("style.css")),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        title=contents.title,
        created=contents.created,
        verdict=scores.verdict(contents.verdict),
        headlines=scores.headlines(contents.scorecard or Scorecard()),
        facts=contents.facts,
        sections=[(anchor, name) for anchor, name in NAMES.items() if parts[anchor]],
        scorecard=parts["scorecard"],
        ladder=parts["ladder"],
        curves=parts["training"],
        atlas=parts["map"],
        gallery=parts["neighbours"],
        spectrum=parts["spectrum"],
        views=parts["views"],
        notes=contents.notes,
        skipped=sections.skipped(contents.skipped),
        settings=_yaml(contents.settings),
        environment=_yaml(contents.environment),
        usage=contents.usage,
    )


NAMES = {
    "scorecard": "Scorecard",
    "ladder": "Ladder",
    "training": "Training",
    "map": "Map",
    "neighbours": "Neighbours",
    "spectrum": "Spectrum",
    "views": "Views",
    "notes": "Notes",
    "settings": "Settings",
    "use": "Use",
}


def _text(name: str) -> str:
    return (resources.files("selflearn.serving") / FOLDER / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_text("report.html"))


def _yaml(content: Mapping[str, Any] | None) -> str:
    plain = json.loads(json.dumps(content, default=str)) if content else None
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100).rstrip() if plain else ""
