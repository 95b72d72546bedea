"""From an encoder to its scorecard: what is embedded, beside which dull baselines, on which part of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from selflearn import views
from selflearn.data import Batch, Dataset, split, subset
from selflearn.evaluation import Scorecard, evaluate
from selflearn.networks import Encoder, Features, TokenMask
from selflearn.training import calibrate, embed
from selflearn.views import View

BANK = 10_000  # samples that probes may learn from: enough for a stable k-NN, small enough to stay in seconds
TEST = 5_000  # held-out samples that are scored: a standard error of at most 0.7 points
PAIRED = 2_000  # samples seen twice, for what needs no labels


@dataclass(frozen=True)
class Parts:
    """Positions in the dataset: what the method learns from, and what only the scorecard sees."""

    learn: np.ndarray
    held_out: np.ndarray


def divide(dataset: Dataset, share: float, seed: int) -> Parts:
    """Hold out a share of the samples, stratified, groups whole. With `share` 0 the scorecard uses what was learned from."""
    everything = np.arange(len(dataset))
    if share <= 0:
        return Parts(everything, everything[:0])
    learn, held_out = split(dataset.labels, dataset.facts.groups, test=share, seed=seed)
    return Parts(np.sort(learn), np.sort(held_out))


def measure(
    dataset: Dataset,
    parts: Parts,
    encoder: Encoder,
    untrained: Encoder,
    *,
    paired_views: list[View],
    taught: bool = False,
    vectors: np.ndarray | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[str, int, int], None] | None = None,
) -> Scorecard:
    """The scorecard of an encoder beside raw input, PCA and its untrained twin.

    Probes learn from at most 10,000 samples of the learning part and are scored on at most 5,000 held-out ones, labelled ones
    first; which, is a function of the seed alone. `vectors` are the encoder's embeddings of the whole dataset, if they are at hand.
    Where the encoder was `taught` by labels and nothing is held out, no measure is taken with the labels it has already seen.
    """
    tell = progress or (lambda what, done, total: None)
    draw = np.random.default_rng(seed)
    bank, tested = _some(dataset, parts.learn, BANK, draw), _some(dataset, parts.held_out, TEST, draw)
    rows = np.concatenate([bank, tested])
    sample = subset(dataset, rows)
    plain = views.plain(dataset.spec)
    calibrate(untrained, sample, plain, seed)

    def embedded(network: Encoder, some: Dataset, view: View, what: str, drawn: int = 0) -> np.ndarray:
        return embed(network, some, view, device=device, seed=seed + drawn, progress=lambda done, total: tell(what, done, total))

    features = {
        "encoder": embedded(encoder, sample, plain, "embedding") if vectors is None else vectors[rows],
        "raw": sample.raw(np.arange(len(sample))),
        "untrained": embedded(untrained, sample, plain, "embedding, untrained"),
    }
    few = tested if len(tested) >= PAIRED // 4 else rows
    paired = subset(dataset, np.sort(draw.permutation(few)[:PAIRED]))
    two = (paired_views[0], paired_views[min(1, len(paired_views) - 1)])

    def seen_twice(network: Encoder) -> tuple[np.ndarray, np.ndarray]:
        first, second = (embedded(network, paired, view, "embedding views", drawn) for drawn, view in enumerate(two))
        return first, second

    pairs = {"encoder": seen_twice(encoder), "untrained": seen_twice(untrained)}
    itself = _Itself(dataset, plain)
    # Pictures that are not square have views of another shape than they are stored in, and a device has fewer channels than all.
    if features["raw"].shape[1] == itself.dim == itself.size(two[0]) == itself.size(two[1]):
        pairs["raw"] = seen_twice(itself)
    known_already = taught and not len(tested)
    card = evaluate(
        features,
        None if known_already else sample.labels,
        groups=sample.facts.groups,
        views=pairs,
        test=np.arange(len(bank), len(rows)) if len(tested) else None,
        seed=seed,
        progress=lambda done, total: tell("evaluating", done, total),
    )
    if known_already:
        card.note("the encoder learned from these very labels and nothing was held out: nothing is measured with them")
    if dataset.raw_is != Dataset.raw_is:
        card.note(f"raw input stands for {dataset.raw_is}")
    if len(rows) < len(dataset):
        card.note(
            f"measured on {len(bank):,} learning and {len(tested):,} held-out samples of {len(dataset):,}, labelled ones first"
        )
    return card


def _some(dataset: Dataset, rows: np.ndarray, limit: int, draw: np.random.Generator) -> np.ndarray:
    """At most `limit` of these positions at random, in order; labelled ones first, for where labels are few each one counts."""
    shuffled = draw.permutation(rows)
    return np.sort(shuffled[np.argsort(dataset.labels[shuffled] < 0, kind="stable")][:limit])


class _Itself(Encoder):
    """No encoder at all: a view as a vector, so that raw input and PCA are measured on the very same views."""

    def __init__(self, dataset: Dataset, plain: View) -> None:
        super().__init__()
        self.spec, self.first = dataset.spec, dataset.batch([0])
        self.dim = self.size(plain)
        self.settings = {"name": "itself"}

    def size(self, view: View) -> int:
        """How many numbers a sample has in this view."""
        return views.flat(self.spec, view(self.first, torch.Generator())).shape[1]

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        return Features(views.flat(self.spec, batch))
