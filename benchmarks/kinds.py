"""One small real data set for each kind of data, read as a person's own would be. What the benchmarks over all kinds share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selflearn.data import Dataset, read


@dataclass(frozen=True)
class Sample:
    """A data set that stands for its kind.

    Attributes
    ----------
    source : a path below SELFLEARN_DATA, or the embedded `digits`.
    options : of `selflearn.data.read`.
    """

    source: str
    options: dict[str, Any] = field(default_factory=dict)

    def read(self) -> Dataset:
        """Read it; exits with one sentence where the data sets are not there."""
        return read(self.place(), **self.options)

    def place(self) -> str:
        """The path, or the name of the embedded example."""
        if self.source == "digits":
            return self.source
        root = os.environ.get("SELFLEARN_DATA")
        path = Path(root or ".") / self.source
        if root is None or not path.exists():
            sys.exit(f"{self.source} is not there: SELFLEARN_DATA must name the folder of the data sets")
        return str(path)


KINDS: dict[str, Sample] = {
    "image": Sample("digits"),
    "sound": Sample("fsdd/fsdd.npz", {"kind": "sound"}),
    "series": Sample("ucr/PhalangesOutlinesCorrect.npz", {"kind": "series"}),
    "table": Sample("tabular/magic_gamma.parquet", {"kind": "table"}),
    "graph: nodes": Sample("cora/cora.npz", {"kind": "graph"}),
    "graph: whole": Sample("tudataset/proteins.npz", {"kind": "graph"}),
    "text": Sample("trec/trec.jsonl.gz", {"kind": "text"}),
}


def each(names: list[str] | None, run: Callable[[str, Sample], None]) -> None:
    """Call `run` for the kinds named, or all."""
    for name, sample in KINDS.items():
        if not names or name in names or name.split(":")[0] in names:
            run(name, sample)
