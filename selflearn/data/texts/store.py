"""The dataset of texts: token numbers end to end in one array, and the strings for baselines and people."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from PIL import Image

from selflearn.data.batch import Batch
from selflearn.data.dataset import Dataset, Facts
from selflearn.data.texts.baseline import FEATURES, TfIdf
from selflearn.data.texts.picture import text_picture
from selflearn.data.texts.spec import TextBatch, TextSpec

WORDS = 200  # characters of a text that a report shows


class Texts(Dataset):
    """Texts with their token numbers.

    Parameters
    ----------
    spec, facts : see `Dataset`.
    texts : n strings.
    encoded : their token numbers, at least one and at most `spec.longest` each.
    """

    raw_is: ClassVar[str] = f"TF-IDF of words and runs of characters, the {FEATURES:,} most frequent"
    side: ClassVar[int] = 96
    drawn: ClassVar[bool] = False
    spec: TextSpec

    def __init__(self, spec: TextSpec, facts: Facts, texts: Sequence[str], encoded: Sequence[Sequence[int]]) -> None:
        self.spec, self.facts, self.texts = spec, facts, list(texts)
        lengths = np.array([len(each) for each in encoded], dtype=np.int64)
        self.ends = np.concatenate([[0], np.cumsum(lengths)])
        self.numbers = np.fromiter((number for each in encoded for number in each), dtype=np.int32, count=int(self.ends[-1]))
        digest = hashlib.blake2b(self.numbers.tobytes() + self.ends.tobytes() + facts.labels.tobytes(), digest_size=16)
        digest.update(spec.model_dump_json().encode())
        for text in self.texts:
            digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
        self.fingerprint = digest.hexdigest()
        self._tfidf: TfIdf | None = None

    def batch(self, indices: Sequence[int] | np.ndarray) -> Batch:
        """Token numbers, padded to the longest of these texts, as a `TextBatch`."""
        rows = np.asarray(indices, dtype=np.int64)
        starts, lengths = self.ends[rows], self.ends[rows + 1] - self.ends[rows]
        places = np.arange(max(int(lengths.max(initial=1)), 1))
        real = places < lengths[:, None]
        values = np.full(real.shape, self.spec.padding, dtype=np.int64)
        values[real] = self.numbers[(starts[:, None] + places)[real]]
        groups = self.facts.groups
        return TextBatch(
            values=torch.from_numpy(values),
            index=torch.from_numpy(rows.copy()),
            labels=torch.from_numpy(self.facts.labels[rows]),
            lengths=torch.from_numpy(lengths),
            mask=torch.from_numpy(real),
            groups=None if groups is None else torch.from_numpy(groups[rows]),
            room=self.spec.longest,
            padding=self.spec.padding,
        )

    def raw(self, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """(n, 4096) float32: TF-IDF of words and of runs of characters, each half of unit length (see `TfIdf`)."""
        if self._tfidf is None:
            self._tfidf = TfIdf(self.texts, symbols=bool(self.spec.tokenizer.symbols))
        return self._tfidf([self.texts[row] for row in np.asarray(indices, dtype=np.int64)])

    def picture(self, index: int, size: int = 64) -> Image.Image:
        """The beginning of the text, set in a small picture."""
        return text_picture(self.texts[index], size)

    def words(self, index: int) -> str:
        """The text, cut at 200 characters."""
        text = " ".join(self.texts[index].split())
        return text if len(text) <= WORDS else f"{text[: WORDS - 4]} ..."

    def all_alike(self) -> bool:
        """Whether every text equals the first."""
        return len(set(self.texts)) <= 1
