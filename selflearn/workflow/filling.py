"""A table with a column that is known in some rows: a network that answers in context tells it in the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from selflearn.data import Dataset, read
from selflearn.data.columns import named_column
from selflearn.data.labels import encode
from selflearn.data.tables.sources import MISSING, open_source
from selflearn.errors import DataError
from selflearn.objectives import bar_mean, bar_quantile
from selflearn.workflow.predicting import Context, spec_of
from selflearn.workflow.reporter import Reporter
from selflearn.workflow.run import Run

FORMATS = (".csv", ".parquet")
LEVELS = {"low": 0.05, "high": 0.95}


def fill_in(run: Run, source: Any, column: str, *, device: str = "auto", reporter: Reporter | None = None) -> pa.Table:
    """Tell a column of a table in the rows where it is missing, from those where it is known. Nothing is trained.

    Parameters
    ----------
    run : what learned from a prior, of classes or of numbers as the column holds.
    source : a table: a file, a DataFrame, an Arrow table.
    column : its name; empty, NaN and, for classes, -1 mean that nobody knows.

    Returns
    -------
    One row for each that was told: "id", "prediction", and "probability" of a class, or "low" and "high", between which nine tenths
    of a number's distribution lie.

    Raises
    ------
    DataError : no such column, nothing known or nothing missing in it, or a run that tells something else.
    """
    reporter = reporter or Reporter()
    spec = spec_of(run.encoder)
    columns = open_source(source).columns
    name = named_column(columns, column, "labels")
    raw = columns[name].tolist() if isinstance(columns[name], np.ndarray) else columns[name].to_pylist()
    dataset = read(source, kind="table", more={"leave_out": [name]})
    reporter.say(f"{len(dataset):,} rows, {dataset.spec.describe()}.")
    targets, known, classes = _classes(raw) if spec.classes else _numbers(raw, name)
    if not known.any() or known.all():
        raise DataError(f"the column {name!r} is {'known in every row' if known.all() else 'known nowhere'}: nothing can be told")
    reporter.say(f"{name!r} is known in {known.sum():,} rows and told in {(~known).sum():,}.")
    return _told(run, dataset, targets, known, classes, device)


def fill_in_file(run: Run, source: Any, column: str, out: str | Path, **options: Any) -> int:
    """`fill_in`, written as CSV or Parquet; how many rows were told. A wrong ending is told before any work."""
    out = Path(out)
    if out.suffix not in FORMATS:
        raise DataError(f"predictions are written as {' or '.join(FORMATS)}, not {out.suffix or 'a file without ending'}: {out}")
    table = fill_in(run, source, column, **options)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".csv":
        arrow_csv.write_csv(table, out)
    else:
        pq.write_table(table, out)
    return int(table.num_rows)


def _told(run: Run, dataset: Dataset, targets: np.ndarray, known: np.ndarray, classes: list[str], device: str) -> pa.Table:
    rows, asked = dataset.raw(np.flatnonzero(known)), dataset.raw(np.flatnonzero(~known))
    context = Context(run.encoder, rows, targets[known], run.request.seed)
    ids = [name for name, told in zip(dataset.facts.ids, known, strict=True) if not told]
    if classes:
        chances = context.probabilities(asked, device)
        best = chances.argmax(axis=1)
        return pa.table({"id": ids, "prediction": [classes[each] for each in best], "probability": chances.max(axis=1)})
    bars = context.bars(asked, device)
    ends = {name: bar_quantile(*bars, level).numpy() for name, level in LEVELS.items()}
    return pa.table({"id": ids, "prediction": bar_mean(*bars).numpy(), **ends})


def _classes(raw: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    labels, names = encode([None if str(each).strip() in MISSING else each for each in raw])
    return labels, labels >= 0, names


def _numbers(raw: Sequence[Any], name: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    try:
        found = np.array([np.nan if each is None or str(each).strip() in MISSING else float(each) for each in raw])
    except ValueError as error:
        raise DataError(
            f"this run tells numbers, and the column {name!r} holds others ({error}); use a run of a prior of classes"
        ) from error
    return found, np.isfinite(found), []
