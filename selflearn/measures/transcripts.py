"""Reading symbols off a sequence of tokens, and how many of them are wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor


def read_greedily(logits: Tensor, real: Tensor) -> list[list[int]]:
    """The most likely class of each token, repeats taken as one, nothings (class 0) left out.

    Parameters
    ----------
    logits : (batch, tokens, 1 + symbols).
    real : (batch, tokens) bool.
    """
    found = []
    for row, there in zip(logits.argmax(dim=2), real, strict=True):
        said = torch.unique_consecutive(row[there]).tolist()
        found.append([symbol for symbol in said if symbol != 0])
    return found


def read_by_beam(logits: Tensor, real: Tensor, beam: int = 16) -> list[list[int]]:
    """The most likely symbols over all alignments that a beam keeps: prefix search.

    A beam of one is not greedy reading: it adds up the alignments of the one prefix that it keeps.

    Parameters
    ----------
    logits : (batch, tokens, 1 + symbols).
    real : (batch, tokens) bool.
    beam : prefixes that are kept at every token, >= 1.

    Source: Hannun et al., "First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs", 2014,
    without a language model.
    """
    told = logits.detach().double().log_softmax(dim=2).exp()
    return [_search(row[there], beam) for row, there in zip(told, real, strict=True)]


def _search(shares: Tensor, beam: int) -> list[int]:
    """The likeliest symbols of (tokens, 1 + symbols) probabilities. A prefix's mass that ends in nothing is kept apart."""
    prefixes: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}
    for row in shares.tolist():
        scale = sum(nothing + symbol for nothing, symbol in prefixes.values())  # so that long sequences do not vanish
        grown: dict[tuple[int, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
        for prefix, (nothing, last) in prefixes.items():
            both = (nothing + last) / scale
            grown[prefix][0] += both * row[0]
            if prefix:
                grown[prefix][1] += last / scale * row[prefix[-1]]
            for symbol in range(1, len(row)):
                before = nothing / scale if prefix and symbol == prefix[-1] else both
                longer = (*prefix, symbol)
                grown[longer][1] += before * row[symbol]
        best = sorted(grown.items(), key=lambda item: (-sum(item[1]), item[0]))[:beam]
        prefixes = {prefix: (mass[0], mass[1]) for prefix, mass in best}
    return list(max(prefixes.items(), key=lambda item: sum(item[1]))[0])


def edits(told: Sequence[object], true: Sequence[object]) -> int:
    """The least number of symbols to put in, leave out or change that makes one sequence the other (Levenshtein, 1966)."""
    row = list(range(len(true) + 1))
    for place, symbol in enumerate(told, start=1):
        corner, row[0] = row[0], place
        for column, other in enumerate(true, start=1):
            corner, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, corner + (symbol != other))
    return row[-1]


def error_rate(told: Sequence[Sequence[object]], true: Sequence[Sequence[object]]) -> float:
    """Edits over symbols, of all sequences together: 0 where all are right; it may pass 1. NaN where there are no symbols."""
    symbols = sum(len(each) for each in true)
    wrong = sum(edits(mine, other) for mine, other in zip(told, true, strict=True))
    return wrong / symbols if symbols else float("nan")
