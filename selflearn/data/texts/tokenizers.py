"""Tokenizers: strings to token numbers and back. Those of our own need no library; all of them are plain JSON in the spec."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from selflearn.data.texts.library import Library
from selflearn.data.texts.spec import OWN_SPECIALS, UNKNOWN, TextSpec, TokenizerSpec
from selflearn.data.texts.symbols import UNSPACED, letters
from selflearn.errors import DataError

INNER = "##"  # begins a piece that continues a word
PIECES = 0.25  # share of the vocabulary for pieces of words
LONGEST_PIECE = 4
LONGEST_WORD = 64  # characters of a word that are looked at: longer ones are no words
_WORD = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])\w)+|[^\w\s]")  # a letter of a script without spaces stands for itself


class Tokenizer(ABC):
    """Strings to numbers, and numbers to the strings they stand for."""

    def __init__(self, spec: TokenizerSpec) -> None:
        self.spec = spec

    @abstractmethod
    def encode(self, text: str) -> list[int]:
        """The numbers of one text, of any length; unknown letters get the number `UNKNOWN`, or the library's own."""

    @abstractmethod
    def token(self, number: int) -> str:
        """The token of a number."""

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of many texts."""
        return [self.encode(each) for each in texts]


class Listed(Tokenizer):
    """Any of our own: units of a text, each looked up in the vocabulary."""

    def __init__(self, spec: TokenizerSpec) -> None:
        super().__init__(spec)
        self.numbers = {token: number for number, token in enumerate(spec.vocabulary)}

    def encode(self, text: str) -> list[int]:
        """Units in order; one that is not in the vocabulary is unknown."""
        return [self.numbers.get(unit, UNKNOWN) for unit in units(text, self.spec)]

    def token(self, number: int) -> str:
        """The vocabulary's entry."""
        return self.spec.vocabulary[number]


class Words(Listed):
    """Words of the vocabulary whole; others as the longest pieces that are in it, from left to right."""

    def __init__(self, spec: TokenizerSpec) -> None:
        super().__init__(spec)
        self._known: dict[str, list[int]] = {}

    def encode(self, text: str) -> list[int]:
        """Words and pieces of words."""
        found: list[int] = []
        for word in units(text, self.spec):
            number = self.numbers.get(word)
            if number is not None:
                found.append(number)
            else:
                found.extend(self._pieces(word))
        return found

    def _pieces(self, word: str) -> list[int]:
        """As WordPiece cuts a word (Wu et al., Google's Neural Machine Translation System, 2016), but a letter that is not known
        costs that letter alone and not the whole word.
        """
        if word not in self._known:
            if len(self._known) > 200_000:
                self._known.clear()
            self._known[word] = self._cut(word[:LONGEST_WORD])
        return self._known[word]

    def _cut(self, word: str) -> list[int]:
        found, start = list[int](), 0
        while start < len(word):
            prefix = INNER if start else ""
            for end in range(min(len(word), start + LONGEST_PIECE), start, -1):
                number = self.numbers.get(prefix + word[start:end])
                if number is not None:
                    found.append(number)
                    start = end
                    break
            else:
                if not found or found[-1] != UNKNOWN:
                    found.append(UNKNOWN)
                start += 1
        return found


class FromLibrary(Tokenizer):
    """A tokenizer of the library `tokenizers`."""

    def __init__(self, spec: TokenizerSpec) -> None:
        super().__init__(spec)
        self.library = Library.of_json(spec.library)

    def encode(self, text: str) -> list[int]:
        """Without the special tokens around the text."""
        return self.library.encode_all([text])[0]

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """All at once, which the library does fast."""
        return self.library.encode_all(texts)

    def token(self, number: int) -> str:
        """The library's entry, or the number where it has none."""
        return self.library.token(number)


@lru_cache(maxsize=4)
def open_tokenizer(spec: TokenizerSpec) -> Tokenizer:
    """The tokenizer of a spec.

    Raises
    ------
    DataError : the JSON of a library's tokenizer is damaged.
    MissingExtraError : it needs a library that is not installed.
    """
    if spec.how in {"bpe", "pretrained"}:
        return FromLibrary(spec)
    return Words(spec) if spec.how == "words" else Listed(spec)


def units(text: str, spec: TokenizerSpec) -> list[str]:
    """What a tokenizer of our own looks up: words and marks, characters, letters of a symbol language, or runs of `k` of them."""
    text = text.lower() if spec.lower else text
    if spec.how == "words":
        return _WORD.findall(text)
    if spec.how == "characters":
        return list(text)
    found = letters(text, spec.symbols)
    if spec.how == "symbols":
        return found
    return ["".join(found[start : start + spec.k]) for start in range(max(len(found) - spec.k + 1, 1))]


def train_tokenizer(texts: Iterable[str], spec: TokenizerSpec, most: int) -> TokenizerSpec:
    """A tokenizer of our own with its vocabulary: the most frequent units, ties in alphabetical order.

    Of the vocabulary of words, at most a quarter are pieces: all letters, then the most frequent beginnings and inner pieces of up
    to four letters of those words that are not frequent enough to stand whole.

    Raises
    ------
    DataError : the texts hold nothing to look up.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(units(text, spec))
    for special in OWN_SPECIALS:
        counts.pop(special, None)
    if not counts:
        raise DataError(f"the texts hold nothing that a tokenizer of {spec.how} can read")
    room = most - len(OWN_SPECIALS)
    chosen = _words_and_pieces(counts, room) if spec.how == "words" else _frequent(counts, room)
    return spec.model_copy(update={"vocabulary": (*OWN_SPECIALS, *chosen)})


def _words_and_pieces(counts: Counter[str], room: int) -> list[str]:
    singles = Counter[str]()
    for word, count in counts.items():
        for place, letter in enumerate(word[:LONGEST_WORD]):
            singles[(INNER if place else "") + letter] += count
    share = max(int(PIECES * room), 1)
    letters_first = _frequent(singles, min(share, 2_000))
    whole = [each for each in _frequent(counts, room - len(letters_first)) if counts[each] > 1 or len(counts) <= room // 2]
    pieces = Counter[str]()
    rare = set(counts).difference(whole)
    for word in rare:
        short = word[:LONGEST_WORD]
        for start in range(len(short)):
            for length in range(2, LONGEST_PIECE + 1):
                if start + length <= len(short):
                    pieces[(INNER if start else "") + short[start : start + length]] += counts[word]
    taken = dict.fromkeys([*whole, *letters_first])
    for piece in _frequent(pieces, len(pieces)):
        if len(taken) >= room or pieces[piece] < 2:
            break
        taken.setdefault(piece)
    return list(taken)[:room]


def _frequent(counts: Counter[str], most: int) -> list[str]:
    return [token for token, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]]


def make_spec(tokenizer: TokenizerSpec, encoded: Sequence[Sequence[int]], longest: int) -> TextSpec:
    """The spec of texts that were encoded by a tokenizer of our own: its vocabulary, and in how many texts each token occurs."""
    size = len(tokenizer.vocabulary)
    return TextSpec(tokenizer=tokenizer, size=size, longest=longest, documents=max(len(encoded), 1), seen=count_seen(encoded, size))


def count_seen(encoded: Sequence[Sequence[int]], size: int) -> tuple[int, ...]:
    """In how many texts each token number occurs."""
    counts = [0] * size
    for numbers in encoded:
        for number in set(numbers):
            counts[number] += 1
    return tuple(counts)
