"""Data for experiments by name, divided once and for all: what arms learn from, what tuning looks at, what is measured.

The measured test part chooses nothing: tuning sees the development part only.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np

from selflearn.data import Dataset, ReadOptions, read, split, subset
from selflearn.errors import DataError, nearest

Part = Literal["measured", "development"]
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Material:
    """A data set and positions in it; the three parts are disjoint.

    Attributes
    ----------
    learn : what arms may learn from, labels included where an arm uses them.
    development : scored while tuning.
    test : scored by measured runs: the official test part where there is one.
    """

    dataset: Dataset
    learn: np.ndarray
    development: np.ndarray
    test: np.ndarray


@dataclass(frozen=True)
class Drawn:
    """What one arm gets for one seed.

    Attributes
    ----------
    learn : the samples to learn from; probes are trained on them too.
    test : the samples that are scored.
    """

    learn: Dataset
    test: Dataset

    @property
    def fingerprint(self) -> str:
        """Content key of both parts."""
        return f"{self.learn.fingerprint}-{self.test.fingerprint}"


def names() -> list[str]:
    """Every name that `material` knows."""
    return sorted(LOADERS)


@lru_cache(maxsize=4)
def material(name: str) -> Material:
    """The data of this name.

    Raises
    ------
    DataError : no such name, or its file is not there.
    """
    if name not in LOADERS:
        raise DataError(f"there is no data called {name!r} for experiments{nearest(name, LOADERS)}")
    return LOADERS[name]()


def draw(source: Material, part: Part, seed: int, samples: int, tested: int | None = None) -> Drawn:
    """The samples of one seed: a random draw from the learning part, and the test or development part (or a draw of it)."""
    rng = np.random.default_rng([seed, 7])  # 7: apart from the streams that the same seed gives to views and weights
    learn = np.sort(rng.permutation(source.learn)[:samples])
    scored = source.test if part == "measured" else source.development
    scored = np.sort(rng.permutation(scored)[:tested])
    return Drawn(subset(source.dataset, learn), subset(source.dataset, scored))


def data_file(*parts: str) -> Path:
    """A file in the folder of benchmark data that the environment variable SELFLEARN_DATA names.

    Raises
    ------
    DataError : the variable is not set, or the file is not there.
    """
    folder = os.environ.get("SELFLEARN_DATA")
    if not folder:
        raise DataError(
            f"{'/'.join(parts)} is needed: set SELFLEARN_DATA to the folder that holds it (the data set 'digits' needs nothing)"
        )
    file = Path(folder, *parts)
    if not file.is_file():
        raise DataError(f"there is no {file}; SELFLEARN_DATA names the folder {folder}")
    return file


def _digits() -> Material:
    """scikit-learn's 1,797 digit scans: 60 % to learn from, 20 % to tune on, 20 % to measure."""
    dataset = read("digits")
    rest, test = split(dataset.labels, test=0.2, seed=0)
    learn, development = split(dataset.labels[rest], test=0.25, seed=0)
    return Material(dataset, rest[learn], rest[development], test)


def _official(arrays: Callable[[], Arrays], development: int) -> Callable[[], Material]:
    """Data with an official test part; the last `development` of the official training part are kept for tuning.

    `arrays` gives images and labels of the training part, then those of the test part.
    """

    def load() -> Material:
        train, train_labels, test, test_labels = arrays()
        labels = np.concatenate([train_labels, test_labels]).astype(np.int64)
        dataset = read(np.concatenate([train, test]), ReadOptions(kind="image", labels=labels))
        positions = np.arange(len(dataset))
        kept = len(train) - development
        return Material(dataset, positions[:kept], positions[kept : len(train)], positions[len(train) :])

    return load


def _pixels(folder: str, file: str) -> Callable[[], Arrays]:
    def arrays() -> Arrays:
        with np.load(data_file(folder, file)) as content:
            return content["train_images"], content["train_labels"], content["test_images"], content["test_labels"]

    return arrays


def _cifar10() -> Arrays:
    with np.load(data_file("cifar10", "cifar10_jpeg.npz")) as content:
        train, test = (_decode(content[f"{part}_jpeg"], content[f"{part}_offsets"]) for part in ("train", "test"))
        return train, content["train_labels"], test, content["test_labels"]


def _decode(stream: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """(n, height, width, 3) uint8 from JPEG files that lie end to end."""
    from PIL import Image

    whole = stream.tobytes()
    starts = [int(offset) for offset in offsets]
    pieces = (whole[start:end] for start, end in pairwise(starts))
    return np.stack([np.asarray(Image.open(io.BytesIO(piece)).convert("RGB")) for piece in pieces])


def _spoken_digits() -> Material:
    """Recordings of the official training part; of its last 300 tuning is scored, and the official test part measures."""
    dataset = read(data_file("fsdd", "fsdd.npz"), ReadOptions(kind="sound"))
    test = np.array([name.startswith("test") for name in dataset.facts.ids])
    train = np.flatnonzero(~test)
    return Material(dataset, train[:-300], train[-300:], np.flatnonzero(test))


def _chest() -> Material:
    """Four-second windows of a chest accelerometer, by people: seven to learn from, three to tune on, five to measure."""
    path = data_file("chest_accel", "chest_accel.npz")
    dataset = read(path, ReadOptions(kind="series", more={"window": 208}, cache=False))
    person = np.asarray(dataset.facts.groups)
    people = np.unique(person)
    parts = (np.flatnonzero(np.isin(person, each)) for each in (people[:7], people[7:10], people[10:]))
    return Material(dataset, *parts)


WORN = {"head": 19, "chest": 3, "waist": 6, "upper arm": 8, "forearm": 10, "thigh": 14, "shin": 16}
"""Joints of a skeleton where people wear devices: the places of the RealWorld data set."""


def _worn() -> Material:
    """Velocities of seven joints as if of devices worn there, relative to the body's middle and in units of its mean extent.

    A sample is an action, brought to 48 moments. By people: four to learn from, one to tune on, the five of the official test
    part to measure.
    """
    with np.load(data_file("msraction3d", "msraction3d.npz")) as content:
        joints, offsets = content["joints"].astype(np.float64), [int(each) for each in content["offsets"]]
        actions, person, names = content["labels"], content["subject"].astype(np.int64), content["class_names"]
    samples = []
    for start, end in pairwise(offsets):
        around = joints[start:end] - joints[start:end].mean(axis=1, keepdims=True)
        around /= np.sqrt(np.square(around).sum(axis=2).mean())
        places = np.linspace(0, end - start - 1, 48)
        worn = around[:, list(WORN.values())].reshape(end - start, -1)
        samples.append(np.diff([np.interp(places, np.arange(end - start), channel) for channel in worn.T], axis=1))
    options = ReadOptions(kind="series", labels=names[actions], groups=person, more={"devices": len(WORN)}, cache=False)
    dataset = read(np.stack(samples).astype(np.float32), options)
    parts = (np.flatnonzero(np.isin(person, each)) for each in ((1, 3, 5, 7), (9,), (2, 4, 6, 8, 10)))
    return Material(dataset, *parts)


def _ucr(name: str, development: int) -> Callable[[], Material]:
    """A set of the UCR archive; `development` of its training part, drawn once, are kept for tuning."""

    def load() -> Material:
        path = data_file("ucr", f"{name}.npz")
        dataset = read(path, ReadOptions(kind="series", cache=False))
        train = np.array([each.startswith("train") for each in dataset.facts.ids])
        rows = np.random.default_rng(0).permutation(np.flatnonzero(train))
        return Material(dataset, np.sort(rows[development:]), np.sort(rows[:development]), np.flatnonzero(~train))

    return load


def _texts(name: str) -> Callable[[], Material]:
    """Texts with parts "train" and "test": a fifth of the training part is for tuning, and the vocabulary is that part's."""

    def load() -> Material:
        file = data_file(name, f"{name}.jsonl.gz")
        spec = read(file, kind="text", more={"part": "train"}).spec
        train, test = (read(file, kind="text", like=spec, more={"part": part}) for part in ("train", "test"))
        dataset = read(file, kind="text", like=spec)
        row_of = {name: row for row, name in enumerate(dataset.facts.ids)}
        positions, measured = (np.array([row_of[name] for name in part.facts.ids]) for part in (train, test))
        learn, development = split(dataset.labels[positions], test=0.2, seed=0)
        return Material(dataset, positions[learn], positions[development], measured[dataset.labels[measured] >= 0])

    return load


def _cora() -> Material:
    """The nodes of Cora: its public validation nodes to tune on, its public test nodes to measure, all others to learn from."""
    path = data_file("cora", "cora.npz")
    dataset = read(path, ReadOptions(kind="graph"))
    with np.load(path) as content:
        development, test = content["val_idx"].astype(np.int64), content["test_idx"].astype(np.int64)
    learn = np.setdiff1d(np.arange(len(dataset)), np.concatenate([development, test]))
    return Material(dataset, learn, np.sort(development), np.sort(test))


BLOCKS, NODES_OF_A_BLOCK, WORDS, HIDDEN_LINKS = 6, 200, 120, 0.2


def _communities(hidden: float = 0.0) -> Callable[[], Material]:
    """A stochastic block model: 1,200 nodes in six blocks, each joined to about five of its own and three others.

    A node has about eleven of 120 words, and each block says 20 of them two and a half times as often as the others do: neither
    words nor edges tell a node's block alone. Half of the nodes to learn from, a sixth to tune on, a third to measure. A share of
    the edges can be left out (`hidden_links` tells them).
    """

    def load() -> Material:
        edges, words, block, order = _block_model()
        kept, _ = _links_apart(edges, hidden)
        dataset = read({"edges": kept, "features": words, "labels": block}, ReadOptions(kind="graph", cache=False))
        learn, development, test = np.split(order, [len(block) // 2, len(block) // 2 + len(block) // 6])
        return Material(dataset, np.sort(learn), np.sort(development), np.sort(test))

    return load


def _block_model() -> Arrays:
    """Edges (2, n), words (nodes, 120), the block of each node, and all nodes in the order in which they are divided."""
    rng = np.random.default_rng(0)
    block = np.repeat(np.arange(BLOCKS), NODES_OF_A_BLOCK)
    nodes = len(block)
    own = block[:, None] == block
    joined = np.triu(rng.random((nodes, nodes)) < np.where(own, 5 / NODES_OF_A_BLOCK, 3 / (nodes - NODES_OF_A_BLOCK)), 1)
    favoured = np.arange(WORDS) // (WORDS // BLOCKS) == block[:, None]
    words = (rng.random((nodes, WORDS)) < np.where(favoured, 0.18, 0.072)).astype(np.float32)
    return np.stack(np.nonzero(joined)), words, block, rng.permutation(nodes)


def _links_apart(edges: np.ndarray, hidden: float) -> tuple[np.ndarray, np.ndarray]:
    gone = np.random.default_rng(1).random(edges.shape[1]) < hidden
    return edges[:, ~gone], edges[:, gone]


def hidden_links(nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of "communities-without-links": edges (2, n) left out that begin at one of these nodes, and as many pairs that were none."""
    edges, _, block, _ = _block_model()
    _, gone = _links_apart(edges, HIDDEN_LINKS)
    joined = gone[:, np.isin(gone[0], nodes)]
    pairs = np.random.default_rng(3).integers(0, len(block), (2, 20 * gone.shape[1]))
    pairs = np.sort(pairs[:, pairs[0] != pairs[1]], axis=0)
    codes = edges[0] * len(block) + edges[1]
    apart = pairs[:, np.isin(pairs[0], nodes) & ~np.isin(pairs[0] * len(block) + pairs[1], codes)]
    return joined, apart[:, : joined.shape[1]]


def _adult() -> Material:
    """The census table with its official test part; the last 5,000 of the official training part are kept for tuning."""
    import pyarrow.parquet as pq

    table = pq.read_table(data_file("tabular", "adult.parquet"))
    dataset = read(table, ReadOptions(kind="table", labels="income"))
    train = np.array(table["split"].to_pylist()) == "train"
    learn, test = np.flatnonzero(train), np.flatnonzero(~train)
    return Material(dataset, learn[:-5_000], learn[-5_000:], test)


def _magic() -> Material:
    """Showers seen by a telescope: a fixed quarter of the rows to measure; of the rest 3,000 are kept for tuning."""
    dataset = read(data_file("tabular", "magic_gamma.parquet"), ReadOptions(kind="table", labels="label"))
    rows = np.random.default_rng(0).permutation(len(dataset))
    test, rest = rows[: len(rows) // 4], rows[len(rows) // 4 :]
    return Material(dataset, np.sort(rest[3_000:]), np.sort(rest[:3_000]), np.sort(test))


def _small_tables() -> Material:
    """Made-up tables of two classes: 2,000 to tune on, 500 to measure."""
    dataset = read("prior:table", more={"tasks": 100_000, "classes": 2})
    rows = np.arange(len(dataset))
    return Material(dataset, rows[10_000:], rows[:2_000], rows[9_500:10_000])


def _gaussian_process() -> Material:
    """Functions of one input from a Gaussian process of unknown length scale; 5,000 to tune on, 5,000 to measure."""
    dataset = read("prior:gp", more={"tasks": 100_000})
    rows = np.arange(len(dataset))
    return Material(dataset, rows[10_000:], rows[:5_000], rows[5_000:10_000])


LOADERS: dict[str, Callable[[], Material]] = {
    "digits": _digits,
    "mnist": _official(_pixels("mnist", "mnist.npz"), development=10_000),
    "fashion-mnist": _official(_pixels("fashion_mnist", "fashion_mnist.npz"), development=10_000),
    "cifar10": _official(_cifar10, development=5_000),
    "spoken-digits": _spoken_digits,
    "chest-accelerometer": _chest,
    "worn-joints": _worn,
    "phalanges": _ucr("PhalangesOutlinesCorrect", development=400),
    "cora": _cora,
    "communities": _communities(),
    "communities-without-links": _communities(HIDDEN_LINKS),
    "adult": _adult,
    "magic": _magic,
    "gaussian-process": _gaussian_process,
    "small-tables": _small_tables,
    "trec": _texts("trec"),
    "sst2": _texts("sst2"),
    "clinc150": _texts("clinc150"),
}
