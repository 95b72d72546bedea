"""Embedding many files in parts, by the workers of a Ray cluster: each part is a Parquet file that is whole or not there."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from selflearn.data.files import files_below
from selflearn.data.remote.urls import is_url
from selflearn.data.walk import stamp_of
from selflearn.errors import DataError, RunError
from selflearn.training import embed
from selflearn.training.folder import replacing
from selflearn.views import plain
from selflearn.workflow.cluster import cluster, need_ray
from selflearn.workflow.reporter import Reporter
from selflearn.workflow.run import Run, load

FILES = 4096  # files in a part at most: minutes of work, some megabytes
PARTS = 64  # at least so many, where files are many enough for whole batches, so that all workers have some
TOTALS = "_selflearn.json"  # readers of Parquet folders pass by what begins with an underscore
MOST_SKIPPED = 1_000  # that are named in the totals; all are counted


@dataclass(frozen=True)
class Part:
    """Some files of a folder, in order, and the name of the file with their embeddings: its place, and a key of what goes in."""

    name: str
    files: tuple[str, ...]


def embed_in_parts(
    run: Run,
    source: str | Path,
    out: str | Path,
    *,
    address: str = "local",
    device: str = "auto",
    batch: int = 256,
    read: dict[str, Any] | None = None,
    reporter: Reporter | None = None,
) -> tuple[int, int]:
    """Embed every picture or recording below a folder with Ray Data; leave a folder of Parquet parts (id, embedding).

    A worker reads its own part of the files, with the run's own preprocessing, by an encoder that it loads once. The parts in the
    order of their names hold what `embed_to_file` writes. Parts that are there are not made again, so what was interrupted goes on;
    where files, encoder or settings have changed, the parts that this concerns are.

    Parameters
    ----------
    source : a folder that every worker can reach, as the run and `out` are.
    address : see `cluster`.
    batch : samples at a time; a part is whole batches of files.

    Returns
    -------
    (samples, numbers in each embedding)

    Raises
    ------
    DataError : no folder of files of the run's kind, or not one usable file.
    RunError : `out` is no folder of such parts, or no cluster answers.
    MissingExtraError : Ray is not installed.
    """
    if is_url(str(source)):
        raise DataError(f"a cluster embeds the files of a folder that all its machines share, not {source}: leave --ray out")
    need_ray("embed on a cluster")
    reporter = reporter or Reporter()
    out, root = Path(out), Path(source).expanduser()
    found = files_below(root, run.encoder.spec.kind)
    weights = run.folder.file("encoder") / "encoder.safetensors"
    settings = {"batch": batch, "read": read or {}, "run": hashlib.blake2b(weights.read_bytes(), digest_size=16).hexdigest()}
    parts = list(cut(root, found.files, batch, json.dumps(settings, sort_keys=True)))
    waiting = _make_ready(out, parts, reporter)
    reporter.say(f"{len(found.files):,} files in parts: {len(waiting):,} to make, {len(parts) - len(waiting):,} are there already.")
    if waiting:
        told = {"run": str(run.path.absolute()), "root": str(root.absolute()), "out": str(out.absolute())}
        with cluster(address, "embed on a cluster") as ray:
            _spread(ray, {**told, "device": device, "batch": batch, "read": read}, waiting, len(parts), reporter)
    return _total(out, parts, run.encoder.dim, [(each.what, each.why) for each in found.skipped], reporter)


def cut(root: Path, files: list[str], batch: int, settings: str) -> Iterator[Part]:
    """The files in order, in parts of whole batches; a part's name changes with its files (names, sizes, times) and settings."""
    size = max(1, min(FILES, len(files) // PARTS) // batch) * batch
    for number, start in enumerate(range(0, len(files), size)):
        some = files[start : start + size]
        key = hashlib.blake2b(f"{settings}\n{stamp_of(root, some)}".encode(), digest_size=8).hexdigest()
        yield Part(f"part-{number:06d}-{key}.parquet", tuple(some))


class Embedder:
    """What a worker is: a run, opened once, that makes parts. All it needs comes with each part, so it can be started anew."""

    def __init__(self) -> None:
        self.task: dict[str, Any] = {}

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Make a batch of parts: `name`, and as JSON `files` and `task` (run, root, out, device, batch, read)."""
        for name, files, words in zip(batch["name"], batch["files"], batch["task"], strict=True):
            task = json.loads(str(words))
            if task != self.task:
                self.task, self.run = task, load(task["run"])
            self._make(Part(str(name), tuple(json.loads(str(files)))))
        return {"name": batch["name"]}

    def _make(self, part: Part) -> None:
        """Read, embed and write one part; it takes its place at once and whole."""
        ids, vectors, skipped = self._embedded(part)
        column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel(), pa.float32()), vectors.shape[1])
        table = pa.table({"id": pa.array(ids, pa.string()), "embedding": column})
        table = table.replace_schema_metadata({"skipped": json.dumps(skipped)})
        with replacing(Path(self.task["out"]) / part.name) as beside:
            pq.write_table(table, beside)

    def _embedded(self, part: Part) -> tuple[list[str], np.ndarray, list[tuple[str, str]]]:
        root, encoder = f"{self.task['root']}/", self.run.encoder
        paths = [root + name for name in part.files]
        try:
            dataset = self.run.read(paths, more=self.task["read"], cache=False, workers=1)
        except DataError as error:  # not one usable file in this part: others may have some
            return [], np.empty((0, encoder.dim), np.float32), [(name, str(error)) for name in part.files]
        vectors = embed(encoder, dataset, plain(encoder.spec), device=self.task["device"], batch=self.task["batch"], workers=0)
        skipped = [(each.what.removeprefix(root), each.why) for each in dataset.facts.skipped]
        return [name.removeprefix(root) for name in dataset.facts.ids], vectors, skipped


def _spread(ray: Any, task: dict[str, Any], waiting: list[Part], whole: int, reporter: Reporter) -> None:
    """Ray Data hands the parts to a pool of embedders; one that dies is started anew, and its part is made again."""
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    gpus = 0 if task["device"] == "cpu" else int(ray.cluster_resources().get("GPU", 0))
    places = gpus or int(ray.cluster_resources().get("CPU", 1))
    rows = [{"name": part.name, "files": json.dumps(part.files), "task": json.dumps(task)} for part in waiting]
    made = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
        Embedder,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=min(places, len(rows))),
        **({"num_gpus": 1} if gpus else {"num_cpus": 1}),
    )
    done = whole - len(waiting)
    for _ in made.iter_rows():
        done += 1
        reporter.work("embedding", done, whole)


def _make_ready(out: Path, parts: list[Part], reporter: Reporter) -> list[Part]:
    """The parts that are not there yet; those of other files or settings go."""
    if out.exists() and not out.is_dir():
        raise RunError(f"{out} is a file, and a cluster writes a folder of parts: choose another place with --out")
    there = {each.name for each in out.iterdir()} if out.exists() else set()
    ours = {name for name in there if name.startswith((".", "part-")) or name == TOTALS}
    if there - ours:
        raise RunError(f"{out} holds other files ({sorted(there - ours)[0]}): choose another place with --out")
    out.mkdir(parents=True, exist_ok=True)
    wanted = {part.name for part in parts}
    stale = [name for name in there if name.startswith("part-") and name not in wanted]
    for name in [*stale, *(name for name in there if name.startswith(".part-"))]:
        (out / name).unlink(missing_ok=True)
    (out / TOTALS).unlink(missing_ok=True)
    if stale:
        reporter.warn(f"{len(stale):,} parts in {out} were of other files or settings and are made anew")
    return [part for part in parts if part.name not in there]


def _total(out: Path, parts: list[Part], dim: int, skipped: list[tuple[str, str]], reporter: Reporter) -> tuple[int, int]:
    """Count what lies there; write the totals, which mark the whole as finished."""
    samples = 0
    for part in parts:
        found = pq.read_metadata(out / part.name)
        samples += found.num_rows
        skipped += [tuple(each) for each in json.loads((found.metadata or {}).get(b"skipped", b"[]"))]
    with replacing(out / TOTALS) as beside:
        told = [{"what": what, "why": why} for what, why in skipped[:MOST_SKIPPED]]
        totals = {"parts": len(parts), "samples": samples, "dim": dim, "skipped": len(skipped), "first_skipped": told}
        beside.write_text(json.dumps(totals, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if skipped:
        shown = "; ".join(f"{what}: {why}" for what, why in skipped[:3])
        reporter.warn(f"{len(skipped):,} skipped: {shown}")
    if not samples:
        raise DataError(f"not one of {sum(len(part.files) for part in parts):,} files could be embedded")
    return samples, dim
