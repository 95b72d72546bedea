"""What a workflow writes into a run folder, and the sentences it makes of data."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pyarrow as pa
import torch

from selflearn import recipes
from selflearn.data import Dataset, spec_to_json, subset
from selflearn.data.batch import Batch
from selflearn.evaluation import Scorecard
from selflearn.measures import Verdict
from selflearn.networks import Encoder
from selflearn.recipes import PlanOutcome, Recipe
from selflearn.training import RunFolder
from selflearn.views import draw, make_views, tell
from selflearn.workflow.measuring import Parts

PICTURES = 1_500  # samples shown on the report's map: what the eye and a 3 MB page can hold
SHOWN = 6  # samples, and views of each, in the row of views


def describe_data(dataset: Dataset) -> str:
    """One sentence of what was found."""
    facts = dataset.facts
    known = int((facts.labels >= 0).sum())
    labels = f"{known:,} labelled in {len(facts.classes)} classes" if known else "no labels"
    groups = f", {len(np.unique(facts.groups)):,} groups" if facts.groups is not None else ""
    return f"{len(dataset):,} samples, {dataset.spec.describe()}; {labels}{groups}."


def warnings_of(dataset: Dataset) -> list[str]:
    """Notes, and what was skipped: the first few by name, the rest counted."""
    facts = dataset.facts
    lines = list(facts.notes)
    if facts.skipped:
        shown = "; ".join(f"{item.what}: {item.why}" for item in facts.skipped[:3])
        more = f"; and {len(facts.skipped) - 3:,} more" if len(facts.skipped) > 3 else ""
        lines.append(f"{len(facts.skipped):,} skipped: {shown}{more}")
    return lines


def write_start(
    folder: RunFolder, request: dict[str, Any], recipe: Recipe, dataset: Dataset, parts: Parts, machine: dict[str, Any]
) -> None:
    """What is known before learning: environment, data, and last the configuration, which marks a run that can be resumed."""
    facts = dataset.facts
    folder.write_json("environment.json", machine)
    folder.write_json(
        "data.json",
        {
            "samples": len(dataset),
            "summary": describe_data(dataset),
            "spec": spec_to_json(dataset.spec),
            "fingerprint": dataset.fingerprint,
            "learning": subset(dataset, parts.learn).fingerprint,
            "classes": facts.classes,
            "labelled": int((facts.labels >= 0).sum()),
            "groups": None if facts.groups is None else len(np.unique(facts.groups)),
            "skipped": [{"what": item.what, "why": item.why} for item in facts.skipped],
            "notes": facts.notes,
        },
    )
    folder.write_yaml("config.yaml", {"request": request, "recipe": recipe.model_dump(mode="json")})


def write_embeddings(folder: RunFolder, dataset: Dataset, parts: Parts, vectors: np.ndarray) -> None:
    """`embeddings.parquet`: id, label, split, embedding; one row a sample."""
    part = np.full(len(dataset), "learn", dtype=object)
    part[parts.held_out] = "held out"
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel(), pa.float32()), vectors.shape[1])
    table = pa.table(
        {
            "id": pa.array(dataset.facts.ids),
            "label": pa.array(dataset.labels),
            "split": pa.array(part, pa.string()),
            "embedding": column,
        }
    )
    folder.write_table("embeddings.parquet", table)


def write_pictures(folder: RunFolder, dataset: Dataset, seed: int) -> None:
    """`pictures.parquet`: thumbnails and words of the samples that the report shows, so that a report needs no data."""
    rows = np.sort(np.random.default_rng(seed).permutation(len(dataset))[:PICTURES])
    pictures = [_png(dataset.picture(int(row), dataset.side)) if dataset.drawn else None for row in rows]
    words = [dataset.words(int(row)) for row in rows]
    folder.write_table(
        "pictures.parquet", pa.table({"row": rows, "png": pa.array(pictures, pa.binary()), "words": pa.array(words, pa.string())})
    )


def write_views(folder: RunFolder, dataset: Dataset, recipe: Recipe, seed: int) -> None:
    """`views.parquet`: what the method saw of a few samples, for kinds whose views can be drawn or told."""
    rows = np.sort(np.random.default_rng(seed + 1).permutation(len(dataset))[:SHOWN])
    made = make_views(
        dataset.batch(rows), recipes.build_views(recipe.fits[0], dataset.spec)[:SHOWN], torch.Generator().manual_seed(seed)
    )
    seen = [part for view in made for part in _parts(view, len(rows))][:SHOWN]
    drawn = [draw(dataset.spec, view) if dataset.drawn else None for view in seen]
    told = [tell(dataset.spec, view) for view in seen]
    if any(pictures is None and words is None for pictures, words in zip(drawn, told, strict=True)):
        return
    names = ["sample", *(f"{view.scope} view {number + 1}" for number, view in enumerate(seen))]
    first = [dataset.picture(int(row), max(96, dataset.side)) for row in rows] if dataset.drawn else None
    pictures = [first, *drawn]
    words = [[dataset.words(int(row)) for row in rows], *told]
    cells = [
        {
            "row": position,
            "name": name,
            "png": None if shown is None else _png(shown[position]),
            "words": "" if said is None else said[position],
        }
        for name, shown, said in zip(names, pictures, words, strict=True)
        for position in range(len(rows))
    ]
    schema = pa.schema({"row": pa.int64(), "name": pa.string(), "png": pa.binary(), "words": pa.string()})
    folder.write_table("views.parquet", pa.Table.from_pylist(cells, schema))


def _parts(view: Batch, samples: int) -> list[Batch]:
    """A view of several rows a sample (tiles of a picture) as so many views of one."""
    count = max(1, len(view) // samples)
    return [view] if count == 1 else [view.select(torch.arange(part, len(view), count)) for part in range(count)]


def write_end(
    folder: RunFolder, outcome: PlanOutcome, scorecard: Scorecard, verdict: Verdict, encoder: Encoder, seconds: float
) -> None:
    """What was learned: scorecard, the totals, and last the verdict, whose file marks the run as finished."""
    folder.write_json("scorecard.json", scorecard.to_json())
    folder.write_json(
        "summary.json",
        {
            "encoder": encoder.settings,
            "dim": encoder.dim,
            "parameters": sum(parameter.numel() for parameter in encoder.parameters()),
            "seconds": round(seconds, 1),
            "stages": [stage.to_json() for stage in outcome.stages],
            "clusterings": [found.to_json() for found in outcome.clusterings],
        },
    )
    folder.finish(verdict.to_json())


def _png(picture: Any) -> bytes:
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()
