"""A finished run, opened: its verdict, scorecard, embeddings and the encoder that carries its own preprocessing."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from selflearn.data import Dataset, ReadOptions, read
from selflearn.errors import DataError
from selflearn.evaluation import Scorecard
from selflearn.measures import Verdict
from selflearn.networks import Encoder, load_encoder
from selflearn.recipes import Recipe
from selflearn.training import RunFolder, embed
from selflearn.views import plain
from selflearn.workflow.request import Request, recipe_of_run


class Run:
    """What learning left.

    Parameters
    ----------
    folder : the run folder, opened.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"Run({str(self.folder.path)!r})"

    @property
    def path(self) -> Path:
        """Where the run lies."""
        return self.folder.path

    @cached_property
    def verdict(self) -> Verdict:
        """Learned, did not learn, collapsed or diverged: with reason and remedy."""
        return Verdict.from_json(self.folder.read_json("verdict.json"))

    @cached_property
    def scorecard(self) -> Scorecard:
        """Every measure beside its baselines."""
        return Scorecard.from_json(self.folder.read_json("scorecard.json"))

    @cached_property
    def encoder(self) -> Encoder:
        """The trained network, in eval mode."""
        return load_encoder(self.folder.file("encoder"))

    @cached_property
    def request(self) -> Request:
        """What was asked of `learn`."""
        return Request.of_run(self.folder)

    @cached_property
    def recipe(self) -> Recipe:
        """The resolved recipe that made the encoder."""
        return recipe_of_run(self.folder)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What was found when the data was read: counts, sizes, classes, what was skipped."""
        return self.folder.read_json("data.json")

    def embeddings(self) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
        """ids, (n, dim) float32 vectors, (n,) labels with -1 unknown, (n,) bool: learned from (else held out)."""
        table = self.folder.read_table("embeddings.parquet")
        vectors = np.stack(table["embedding"].combine_chunks().flatten().to_numpy().reshape(len(table), -1))
        return table["id"].to_pylist(), vectors, table["label"].to_numpy(), np.array(table["split"].to_pylist()) == "learn"

    def read(self, source: Any, **options: Any) -> Dataset:
        """Read other data as this run's encoder needs it.

        Parameters
        ----------
        options : of `ReadOptions`. `more` comes on top of what the run was read with; None there takes one of these back, such as
            the column that named its series.

        Raises
        ------
        DataError : it is of another kind, or has another number of channels or columns.
        """
        spec = self.encoder.spec
        size = getattr(spec, "height", None)
        asked = {**self.request.read, **(options.pop("more", None) or {})}
        options["more"] = {name: value for name, value in asked.items() if value is not None}
        dataset = read(source, ReadOptions(kind=spec.kind, size=size, like=spec, **options))
        if type(dataset.spec) is not type(spec):
            raise DataError(f"{source} is {dataset.spec.kind} data, but {self.path} learned from {spec.kind} data")
        return dataset

    def embed(self, source: Any, *, device: str = "auto", batch: int = 256, **options: Any) -> np.ndarray:
        """(n, dim) float32 embeddings of anything `read` knows, or of a dataset already read."""
        dataset = source if isinstance(source, Dataset) else self.read(source, **options)
        return embed(self.encoder, dataset, plain(self.encoder.spec), device=device, batch=batch)


def load(run: str | Path) -> Run:
    """Open a run folder: `load(run).embed(pictures)` gives embeddings, preprocessing included.

    Raises
    ------
    RunError : no run there, or one that this version cannot read; says which.
    """
    return Run(RunFolder.open(run))
