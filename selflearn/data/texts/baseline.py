"""The dull baseline of texts, which is strong: TF-IDF of words beside TF-IDF of runs of characters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FEATURES = 4_096
WORDS = r"\w+|[^\w\s]"
FITTED_ON = 50_000
"""Texts that decide which features are frequent: beyond, the choice changes no more."""


class TfIdf:
    """Frequent words and runs of two to four characters, weighted by how few texts they occur in, each of the two at unit length.

    Source: Salton and Buckley, Term-weighting approaches in automatic text retrieval, 1988.

    Parameters
    ----------
    texts : what the weights are measured on.
    symbols : True for symbol strings, which have no words: runs of one to four letters alone.
    """

    def __init__(self, texts: Sequence[str], symbols: bool = False) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        if symbols:
            self.parts = [TfidfVectorizer(analyzer="char", ngram_range=(1, 4), lowercase=False, max_features=FEATURES)]
        else:
            self.parts = [
                TfidfVectorizer(token_pattern=WORDS, max_features=FEATURES // 2),
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), max_features=FEATURES // 2),
            ]
        step = max(1, len(texts) // FITTED_ON)
        for part in self.parts:
            part.fit(texts[::step])

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(n, 4096) float32; features that these texts have too few of are left zero."""
        vectors = np.zeros((len(texts), FEATURES), dtype=np.float32)
        start = 0
        for part in self.parts:
            found = part.transform(texts).astype(np.float32)
            vectors[:, start : start + found.shape[1]] = found.toarray()
            start += FEATURES // len(self.parts)
        return vectors
