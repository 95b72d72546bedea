"""What can be measured without labels: rank, spectrum, uniformity, and, where there are two views, alignment and self retrieval."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from torch import Tensor

from selflearn.errors import DataError
from selflearn.evaluation.parts import BUNDLES
from selflearn.evaluation.pca import WIDE
from selflearn.evaluation.scorecard import Scorecard
from selflearn.evaluation.self_retrieval import self_retrieval
from selflearn.evaluation.table import Table, tensor
from selflearn.measures.alignment import distances
from selflearn.measures.rank import rankme
from selflearn.measures.spectrum import spectrum_decay
from selflearn.measures.uniformity import uniformity

PAIR_ROWS = 2000  # rows of measures that compare all pairs, and of the spectrum of features wider than `WIDE`
PIECES = 5

Views = Mapping[str, tuple[np.ndarray, np.ndarray]]


def measure_spectra(table: Table, name: str, card: Scorecard, seed: int) -> None:
    """RankMe, spectrum decay and uniformity of one set of features, with jackknife intervals over fifths of the samples."""
    values = table.whole(name)
    order = np.random.default_rng(seed).permutation(len(values))
    wide = values.shape[1] > WIDE
    for measure, function, rows in (
        ("rankme", rankme, order[:PAIR_ROWS] if wide else order),
        ("spectrum decay", spectrum_decay, order[:PAIR_ROWS] if wide else order),
        ("uniformity", uniformity, order[:PAIR_ROWS]),
    ):
        pieces = 1 if wide and measure != "uniformity" else PIECES
        repeats = _jackknife(function, values, rows, pieces) if len(rows) > 1 else np.array([np.nan])
        if np.isfinite(repeats).all():
            card.add(name, measure, repeats)
        else:
            card.note(f"{measure}: left out where it cannot be taken from {len(rows)} samples of so few dimensions")


def _jackknife(function: Callable[[Tensor], float], values: Tensor, rows: np.ndarray, pieces: int) -> np.ndarray:
    """Values whose mean is `function` of all rows and whose t interval is the delete-a-piece jackknife's."""
    whole = function(values[rows])
    if pieces < 2 or len(rows) < 4 * pieces:
        return np.array([whole])
    number = np.arange(len(rows)) % pieces
    without = np.array([function(values[rows[number != piece]]) for piece in range(pieces)])
    return whole + (pieces - 1) * (without.mean() - without)


def measure_views(table: Table, views: Views, card: Scorecard, seed: int) -> None:
    """Alignment and self retrieval of every set of features that two views were given of; PCA's are made from those of raw."""
    pairs = {name: (np.asarray(first), np.asarray(second)) for name, (first, second) in views.items()}
    if "raw" in pairs and "pca" not in pairs and "pca" in table.names:
        axes = table.axes(np.arange(len(table)))
        first, second = (axes(tensor(view)).numpy() for view in pairs["raw"])
        pairs["pca"] = first, second
    for name in [name for name in table.names if name in pairs]:
        first, second = (view.reshape(len(view), -1) for view in pairs[name])
        if first.shape != second.shape:
            raise DataError(f"two views of the same samples are needed, those of {name} are {first.shape} and {second.shape}")
        if not (np.isfinite(first).all() and np.isfinite(second).all()):
            card.note(f"{name}: alignment and self retrieval left out, its views hold NaN or infinity")
            continue
        rows = np.random.default_rng(seed).permutation(len(first))[:PAIR_ROWS]
        card.add(name, "alignment", _bundled(distances(first[rows], second[rows]).numpy()))
        card.add(name, "self retrieval", _bundled(_centred_or_not(first[rows], second[rows], name)))


def _centred_or_not(first: np.ndarray, second: np.ndarray, name: str) -> np.ndarray:
    """A baseline may also have its mean taken off first, and is given the better of both."""
    found = self_retrieval(first, second)
    if name == "encoder":
        return found
    centred = self_retrieval(first - first.mean(0), second - second.mean(0))
    return centred if centred.mean() > found.mean() else found


def _bundled(values: np.ndarray) -> np.ndarray:
    """Means of up to 50 equal bundles of samples; with fewer than two samples a bundle, the values themselves."""
    count = len(values) // BUNDLES
    return values[: count * BUNDLES].reshape(BUNDLES, count).mean(1) if count > 1 else values
