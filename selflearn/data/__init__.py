"""Sources, datasets, samplers and splits. A kind of data is a row in `KINDS`; everything else here knows no kind."""

from selflearn.data.batch import Batch
from selflearn.data.dataset import Dataset, Facts, Skipped
from selflearn.data.kinds import KINDS, read, recognise, spec_from_json, spec_to_json
from selflearn.data.options import ReadOptions, Recognition
from selflearn.data.samplers import BatchStream
from selflearn.data.spec import Spec
from selflearn.data.splits import few_labels, folds, split
from selflearn.data.subset import knowing, relabelled, subset

__all__ = [
    "KINDS",
    "Batch",
    "BatchStream",
    "Dataset",
    "Facts",
    "ReadOptions",
    "Recognition",
    "Skipped",
    "Spec",
    "few_labels",
    "folds",
    "knowing",
    "read",
    "recognise",
    "relabelled",
    "spec_from_json",
    "spec_to_json",
    "split",
    "subset",
]
