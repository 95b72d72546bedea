"""Serving a run: its report, search among its samples, its export. A report needs nothing but the run folder."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from selflearn.data import Dataset
from selflearn.errors import DataError, RunError
from selflearn.serving.contact import contact_sheet
from selflearn.serving.export import export_onnx
from selflearn.serving.report import ReportContents, write_report
from selflearn.serving.search import SearchIndex
from selflearn.training import read_metrics
from selflearn.workflow import Reporter, Run

PROVED = 16  # samples on which an export is proved


def report_run(run: Run) -> Path:
    """Write `report.html` into a run folder, from what lies there."""
    folder = run.folder
    request, recipe, summary = run.request, run.recipe, folder.read_json("summary.json")
    contents = ReportContents(
        title=_title(run),
        verdict=run.verdict.to_json(),
        created=time.strftime("%d %B %Y, %H:%M", time.localtime(folder.file("verdict.json").stat().st_mtime)),
        facts={
            "Data": run.data["summary"],
            "Recipe": recipe.name + (f", {recipe.preset} preset" if recipe.preset else ""),
            "Budget": request.budget,
            "Encoder": f"{summary['encoder']['name']}, {summary['parameters']:,} parameters, {summary['dim']} features",
            "Learned for": "; ".join(_stage(stage) for stage in summary["stages"]) or "in memory",
            "Seed": str(request.seed),
        },
        scorecard=run.scorecard,
        metrics=read_metrics(folder),
        classes=run.data["classes"],
        skipped=[(item["what"], item["why"]) for item in run.data["skipped"]],
        notes=[*run.data["notes"], *_noted(summary), *run.scorecard.notes],
        settings=folder.read_yaml("config.yaml"),
        environment=folder.read_json("environment.json"),
        usage=_usage(run),
        ladder=folder.read_json("ladder.json") if folder.file("ladder.json").exists() else None,
        seed=request.seed,
        **_samples(run),
        **_views(run),
    )
    return write_report(contents, folder.file("report.html"))


def search_run(
    run: Run,
    like: str,
    k: int = 10,
    picture: Path | None = None,
    read: dict[str, Any] | None = None,
    reporter: Reporter | None = None,
) -> list[tuple[str, float, str]]:
    """The `k` samples of a run most like a file or like one of its own samples: (id, cosine similarity, class).

    Parameters
    ----------
    like : an id of the run, or a file of the kind of data it learned from.
    picture : also draw query and answer as a PNG there.
    read : how the file is read where that differs from the run's data.
    reporter : is told where the file holds several samples, of which the first is searched with.

    Raises
    ------
    DataError : it is neither.  RunError : the run has no embeddings.
    """
    if k < 1:
        raise DataError(f"-k is how many to find and must be at least 1, not {k}")
    ids, vectors, labels, _ = run.embeddings()
    index = SearchIndex.build(vectors, ids)
    itself = ids.index(like) if like in ids else None
    if itself is None and not Path(like).is_file():
        raise DataError(f"{like!r} is neither a sample of {run.path} nor a file")
    dataset = None if itself is not None else run.read([Path(like)], cache=False, more=read)
    query = vectors[[itself]] if itself is not None else run.embed(dataset)[:1]
    if reporter is not None and dataset is not None and len(dataset) > 1:
        reporter.warn(f"{like} holds {len(dataset):,} samples: the first, {dataset.facts.ids[0]}, is searched with")
    found, similarities = index.search(query, k + (itself is not None))
    hits = [(name, float(value)) for name, value in zip(found[0], similarities[0], strict=True) if itself is None or name != like][
        :k
    ]
    classes = {name: _class(run, int(label)) for name, label in zip(ids, labels, strict=True)}
    if picture is not None:
        _draw(run, dataset, like, hits, picture)
    return [(name, value, classes[name]) for name, value in hits]


def words_of(run: Run, names: list[str]) -> dict[str, str]:
    """What samples of a run say, for kinds that are told in words (texts, rows of a table); empty for others.

    The run keeps the words of those samples that its report shows; for others the data is read again, if it can be.
    """
    if not run.folder.file("pictures.parquet").exists():
        return {}
    table = run.folder.read_table("pictures.parquet")
    kept = table.select(["row", "words"]).to_pylist() if "words" in table.column_names else []
    words = {cell["row"]: cell["words"] for cell in kept if cell["words"]}
    if not words:
        return {}
    rows = {name: row for row, name in enumerate(run.embeddings()[0])}
    missing = [name for name in names if rows[name] not in words]
    dataset = _data(run) if missing else None
    if dataset is not None:
        there = {name: row for row, name in enumerate(dataset.facts.ids)}  # the data may have changed since
        words.update({rows[name]: dataset.words(there[name]) for name in missing if name in there})
    return {name: words.get(rows[name], "") for name in names}


def export_run(run: Run, out: Path | None = None) -> str:
    """Write a run's encoder as ONNX, prove it equal on the run's own samples where they can still be read, and say so."""
    dataset = _data(run)
    check = None if dataset is None else dataset.batch(np.arange(min(PROVED, len(dataset))))
    report = export_onnx(run.encoder, out or run.folder.file("encoder.onnx"), check)
    samples = f"{report.samples} samples of the run" if report.real else f"{report.samples} made-up samples"
    return (
        f"{report.path}: raw samples in, {run.encoder.dim} features out, preprocessing inside; equal to PyTorch on {samples} "
        f"within {report.largest_difference:.1e} of the largest value."
    )


def _data(run: Run) -> Dataset | None:
    """The data that the run learned from, if it came from somewhere that can still be read."""
    source = run.request.source
    if source is None:
        return None
    try:
        return run.read(source)
    except DataError:
        return None


def _title(run: Run) -> str:
    source = run.request.source
    return Path(source).name if source else run.path.name


def _noted(summary: dict[str, Any]) -> list[str]:
    """What gradient stages and clusterings had to say."""
    notes = [note for stage in summary["stages"] for note in stage["notes"]]
    return [*notes, *(found["note"] for found in summary.get("clusterings", []))]


def _stage(stage: dict[str, Any]) -> str:
    return f"{stage['step']:,} steps, {stage['samples']:,} samples, {stage['seconds']:.0f} s, {stage['pace']:,.0f} samples/s"


def _usage(run: Run) -> list[tuple[str, str]]:
    if "answers" in run.encoder.capabilities:
        kind = "Classifier" if run.encoder.spec.form == "classes" else "Regressor"
        return [
            ("Tell a column of a table where it is empty", f"selflearn predict {run.path} TABLE --column NAME"),
            (
                "Use it in Python",
                f'from selflearn import PriorFitted{kind}\nmodel = PriorFitted{kind}("{run.path}").fit(rows, known)',
            ),
        ]
    return [
        ("Find what is most like a sample", f"selflearn search {run.path} --like FILE"),
        ("Embed other data", f"selflearn embed {run.path} DATA --out embeddings.parquet"),
        ("Export with the preprocessing inside", f"selflearn export {run.path}"),
        ("Use it in Python", f'from selflearn import load\nvectors = load("{run.path}").embed("DATA")'),
    ]


def _class(run: Run, label: int) -> str:
    return run.data["classes"][label] if label >= 0 else ""


def _samples(run: Run) -> dict[str, Any]:
    """Embeddings and thumbnails, if the run came that far."""
    if not run.folder.file("embeddings.parquet").exists():
        return {}
    ids, vectors, labels, _ = run.embeddings()
    parts: dict[str, Any] = {"embeddings": vectors, "ids": ids, "labels": labels}
    if run.folder.file("pictures.parquet").exists():
        table = run.folder.read_table("pictures.parquet")
        rows, pngs = table["row"].to_pylist(), table["png"].to_pylist()
        parts["pictures"] = {row: _open(png) for row, png in zip(rows, pngs, strict=True) if png is not None}
        if "words" in table.column_names:
            said = zip(rows, table["words"].to_pylist(), strict=True)
            parts["words"] = {row: words for row, words in said if words}
    return parts


def _views(run: Run) -> dict[str, Any]:
    if not run.folder.file("views.parquet").exists():
        return {}
    cells = run.folder.read_table("views.parquet").to_pylist()
    names = list(dict.fromkeys(cell["name"] for cell in cells))
    rows = sorted({cell["row"] for cell in cells})
    by_place = {(cell["row"], cell["name"]): cell for cell in cells}

    def shown(cell: dict[str, Any]) -> Image.Image | str:
        return cell.get("words", "") if cell["png"] is None else _open(cell["png"])

    return {"views": [[shown(by_place[row, name]) for name in names] for row in rows], "view_names": names}


def _draw(run: Run, query: Dataset | None, like: str, hits: list[tuple[str, float]], out: Path) -> None:
    """Query (its first sample, or the run's own of this id) and answer as a picture."""
    dataset = _data(run)
    if dataset is None:
        raise RunError(
            f"the data that {run.path} learned from cannot be read any more, so its samples cannot be drawn; leave --out away"
        )
    row_of = {name: row for row, name in enumerate(dataset.facts.ids)}
    if gone := [name for name in [*(name for name, _ in hits), *([like] if query is None else [])] if name not in row_of]:
        raise RunError(f"{gone[0]} is no longer in the data that {run.path} learned from; leave --out away")
    first = query.picture(0, 128) if query is not None else dataset.picture(row_of[like], 128)
    sheet = contact_sheet(first, [(dataset.picture(row_of[name], 128), f"{value:.3f}") for name, value in hits])
    out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out)


def _open(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGB")
