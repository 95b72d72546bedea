"""From strings to a dataset: which tokenizer, how long a text may be, and what to say of what is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from selflearn.data.dataset import Facts
from selflearn.data.labels import take
from selflearn.data.texts.library import Library
from selflearn.data.texts.options import TextReading
from selflearn.data.texts.spec import How, TextSpec, TokenizerSpec
from selflearn.data.texts.store import Texts
from selflearn.data.texts.symbols import language
from selflearn.data.texts.tokenizers import count_seen, make_spec, open_tokenizer, train_tokenizer
from selflearn.errors import DataError

OWN = ("words", "characters", "symbols", "kmer")
MOST_AUTO = 256
LOOKED_AT = 1_000
TRAINED_ON = 200_000
"""Texts that a tokenizer is trained on at most: beyond, frequent words change no more."""


def prepare(texts: list[str], facts: Facts, kept: np.ndarray, reading: TextReading, like: TextSpec | None) -> Texts:
    """The dataset of some texts.

    Parameters
    ----------
    texts : not empty. facts : of all texts that were found. kept : which of these `texts` are.
    like : the spec of an encoder's own data, whose tokenizer and length are used; None makes one.
    """
    facts = take(facts, kept)
    notes = []
    if like is not None:
        spec = like
        encoded = open_tokenizer(like.tokenizer).encode_all(texts)
        asked = sorted(reading.model_fields_set & {"tokenizer", "vocabulary", "longest", "k", "lower"})
        if asked:
            notes.append(f"{', '.join(asked)} come from the encoder's own tokenizer and cannot be chosen here")
    else:
        spec, encoded, said = _own_spec(texts, reading)
        notes.extend(said)
    notes.extend(_losses(texts, encoded, spec, like is not None))
    numbers = [each[: spec.longest] or [spec.unknown] for each in encoded]
    facts = replace(facts, notes=[*facts.notes, *notes])
    return Texts(spec, facts, texts, numbers)


def _own_spec(texts: list[str], reading: TextReading) -> tuple[TextSpec, list[list[int]], list[str]]:
    """A spec for these texts, the texts' token numbers, and what to say of the choice."""
    symbols = language(texts[:LOOKED_AT])
    how = reading.tokenizer
    if how == "auto":
        how = "symbols" if symbols else "words"
    lower = reading.lower if reading.lower != "auto" else symbols is None and how in {"words", "bpe"}
    notes = [f"they look like {symbols} strings"] if symbols else []
    some = texts if len(texts) <= TRAINED_ON else [texts[row] for row in np.linspace(0, len(texts) - 1, TRAINED_ON, dtype=int)]
    if how in OWN:
        blank = TokenizerSpec(how=cast(How, how), lower=lower, symbols=symbols or "", k=reading.k if how == "kmer" else 1)
        tokenizer = train_tokenizer(some, blank, reading.vocabulary)
        encoded = open_tokenizer(tokenizer).encode_all(texts)
        return make_spec(tokenizer, encoded, _longest(encoded, reading)), encoded, notes
    library = Library.train(some, reading.vocabulary, lower) if how == "bpe" else Library.open(how)
    encoded = library.encode_all(texts)
    spec = library.spec("bpe" if how == "bpe" else "pretrained", encoded, count_seen, _longest(encoded, reading), lower)
    if how != "bpe":
        notes.append(f"the pretrained tokenizer {how} is used")
    return spec, encoded, notes


def _longest(encoded: Sequence[Sequence[int]], reading: TextReading) -> int:
    if reading.longest != "auto":
        return int(reading.longest)
    lengths = np.array([len(each) for each in encoded])
    return int(np.clip(np.percentile(lengths, 99), min(8, lengths.max()), MOST_AUTO))


def _losses(texts: Sequence[str], encoded: Sequence[Sequence[int]], spec: TextSpec, foreign: bool) -> list[str]:
    """What is cut off, unknown, or so short that little can be learned from it."""
    notes = []
    longer = sum(len(each) > spec.longest for each in encoded)
    if longer:
        notes.append(
            f"{longer:,} texts are longer than {spec.longest} tokens: what follows is not read; --read longest=N reads more"
            if not foreign
            else f"{longer:,} texts are longer than the {spec.longest} tokens that the encoder reads: what follows is not read"
        )
    tokens = sum(len(each) for each in encoded)
    unknown = sum(sum(number == spec.unknown for number in each) for each in encoded)
    if unknown:
        whose = "the encoder's" if foreign else "the tokenizer's"
        notes.append(f"{unknown:,} of {tokens:,} tokens ({100 * unknown / max(tokens, 1):.1f} %) are not in {whose} vocabulary")
    lost = sum(bool(each) and all(number == spec.unknown for number in each) for each in encoded)
    if foreign and lost == len(encoded):
        raise DataError("the encoder's vocabulary knows nothing of these texts: they are of another language or alphabet")
    short = sum(len(each) == 1 for each in texts)
    if short:
        notes.append(f"{short:,} texts are a single character")
    return notes
