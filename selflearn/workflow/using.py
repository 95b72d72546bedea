"""Using a finished run on other data: embeddings to a file, a scorecard on other samples."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from selflearn import recipes
from selflearn.data import Dataset
from selflearn.errors import DataError, RunError
from selflearn.evaluation import Scorecard, judge, judge_answers
from selflearn.measures import Verdict
from selflearn.training import embed
from selflearn.training.folder import replacing
from selflearn.views import plain
from selflearn.workflow.answering import answers_in_context, measure_answers, scored
from selflearn.workflow.measuring import Parts, divide, measure
from selflearn.workflow.records import describe_data, warnings_of
from selflearn.workflow.reporter import Reporter
from selflearn.workflow.request import Request, read_config
from selflearn.workflow.run import Run

FORMATS = {".parquet", ".npy", ".npz"}


def embed_to_file(
    run: Run,
    source: Any,
    out: str | Path,
    *,
    device: str = "auto",
    batch: int = 256,
    read: dict[str, Any] | None = None,
    reporter: Reporter | None = None,
) -> tuple[int, int]:
    """Embed other data and write it: Parquet (id, embedding), npz (ids, embeddings) or npy (embeddings alone).

    `read` says how this data is read where that differs from the run's own (see `Run.read`).

    Returns
    -------
    (samples, numbers in each embedding)

    Raises
    ------
    DataError : an ending that is not known, or data of another kind; before anything is embedded.
    RunError : `out` is a folder, or cannot be written; what was there before is untouched.
    """
    reporter = reporter or Reporter()
    out = Path(out)
    if out.suffix not in FORMATS:
        raise DataError(
            f"embeddings are written as {', '.join(sorted(FORMATS))}, not {out.suffix or 'a file without ending'}: {out}"
        )
    _check_place(out)
    dataset = _tell(run.read(source, more=read, progress=lambda done, total: reporter.work("reading", done, total)), reporter)
    vectors = embed(
        run.encoder,
        dataset,
        plain(run.encoder.spec),
        device=device,
        batch=batch,
        progress=lambda done, total: reporter.work("embedding", done, total),
    )
    _tell_incidents(dataset, reporter)
    with replacing(out) as beside, beside.open("wb") as file:
        if out.suffix == ".npy":
            np.save(file, vectors)
        elif out.suffix == ".npz":
            np.savez(file, ids=np.array(dataset.facts.ids), embeddings=vectors)
        else:
            column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel(), pa.float32()), vectors.shape[1])
            pq.write_table(pa.table({"id": pa.array(dataset.facts.ids), "embedding": column}), file)
    return vectors.shape


def _check_place(out: Path) -> None:
    """Refuse a place that cannot be written before there is work to lose."""
    if out.is_dir():
        raise RunError(f"{out} is a folder (of the parts that --ray writes?): choose another place with --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise RunError(f"cannot write {out}: {error.strerror or error}; choose another place with --out") from error


def evaluate(
    run: Run,
    source: Any = None,
    *,
    labels: Any = None,
    device: str = "auto",
    read: dict[str, Any] | None = None,
    reporter: Reporter | None = None,
) -> tuple[Scorecard, Verdict]:
    """Score a run's encoder on other data, or again on its own, beside raw input, PCA and its untrained twin.

    On its own data the division is the run's own, whatever labels are given now. On other data nothing was learned from it, so a
    fifth is held out for scoring and the rest is the probes' to learn from. `read` says how it is read where that differs.
    """
    reporter = reporter or Reporter()
    request, recipe = read_config(run.folder)
    if source is None and request.source is None:
        raise DataError(f"{run.path} learned from objects in memory: say what to evaluate on")
    chosen = source if source is not None else request.source
    if labels is None and source is None:
        labels = request.labels
    groups = request.groups if source is None else None
    dataset = run.read(
        chosen, labels=labels, groups=groups, more=read, progress=lambda done, total: reporter.work("reading", done, total)
    )
    _tell(dataset, reporter)
    untrained = recipes.build_twin(recipe.maker, run.encoder, request.seed)
    if answers_in_context(run.encoder):
        rows = scored(dataset, divide(dataset, request.holdout, request.seed), request.seed)
        scorecard = measure_answers(dataset, rows, run.encoder, untrained, device=device, progress=reporter.work)
        return scorecard, judge_answers(scorecard)
    parts = divide(dataset, request.holdout or 0.2, request.seed) if source is not None else _own_parts(run, dataset, request)
    scorecard = measure(
        dataset,
        parts,
        run.encoder,
        untrained,
        paired_views=recipes.build_views(recipe.fits[-1], run.encoder.spec),
        taught=recipes.uses_labels(recipe),
        seed=request.seed,
        device=device,
        progress=reporter.work,
    )
    _tell_incidents(dataset, reporter)
    return scorecard, judge(scorecard, None)


def _own_parts(run: Run, dataset: Dataset, request: Request) -> Parts:
    """As the run was divided: with labels or groups that were not known then, dividing anew would score what it learned from."""
    if not run.folder.file("embeddings.parquet").exists():
        return divide(dataset, request.holdout, request.seed)
    ids, _, _, learned = run.embeddings()
    unseen = {name for name, seen in zip(ids, learned, strict=True) if not seen}
    held_out = np.array([name in unseen for name in dataset.facts.ids])
    return Parts(np.flatnonzero(~held_out), np.flatnonzero(held_out))


def _tell_incidents(dataset: Dataset, reporter: Reporter) -> None:
    for line in dataset.incidents():
        reporter.warn(line)


def _tell(dataset: Dataset, reporter: Reporter) -> Dataset:
    reporter.say(describe_data(dataset))
    for line in warnings_of(dataset):
        reporter.warn(line)
    return dataset
