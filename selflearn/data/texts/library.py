"""Tokenizers of the library `tokenizers`: byte-pair encoding trained on the spot, or a pretrained one; JSON, and nothing is run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selflearn.data.texts.spec import OWN_SPECIALS, TextSpec, TokenizerSpec
from selflearn.errors import DataError, MissingExtraError

_UNKNOWN = ("[UNK]", "<unk>", "<|unk|>", "<|endoftext|>")
_PADDING = ("[PAD]", "<pad>", "<|pad|>", "<|padding|>")
_MASK = ("[MASK]", "<mask>")
_FIRST = ("[CLS]", "<s>")
_LAST = ("[SEP]", "</s>")


@dataclass
class Library:
    """A tokenizer of the library."""

    tokenizer: Any

    @classmethod
    def of_json(cls, text: str) -> Library:
        """From the library's own JSON.

        Raises
        ------
        DataError : it is damaged. MissingExtraError : the library is not installed.
        """
        tokenizers = _tokenizers()
        try:
            made = tokenizers.Tokenizer.from_str(text)
        except Exception as error:  # the library raises plain Exception
            raise DataError(f"this is no tokenizer of the library tokenizers: {str(error).splitlines()[0]}") from error
        made.no_truncation()
        made.no_padding()
        return cls(made)

    @classmethod
    def train(cls, texts: Iterable[str], most: int, lower: bool) -> Library:
        """Byte-pair encoding (Sennrich et al., Neural Machine Translation of Rare Words with Subword Units, 2016) of bytes, so that
        nothing is ever unknown.
        """
        tokenizers = _tokenizers()
        made = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token=OWN_SPECIALS[1]))
        made.normalizer = tokenizers.normalizers.Sequence(
            [tokenizers.normalizers.NFC(), *([tokenizers.normalizers.Lowercase()] if lower else [])]
        )
        made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=True)
        made.decoder = tokenizers.decoders.ByteLevel()
        trainer = tokenizers.trainers.BpeTrainer(
            vocab_size=max(most, 256 + len(OWN_SPECIALS)),
            special_tokens=list(OWN_SPECIALS),
            initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        made.train_from_iterator(texts, trainer)
        return cls(made)

    @classmethod
    def open(cls, name: str) -> Library:
        """A pretrained tokenizer: the file tokenizer.json, a folder that holds it, or a hub name (the local cache is asked first).

        Raises
        ------
        DataError : there is none. MissingExtraError : the library is not installed.
        """
        path = Path(name).expanduser()
        file = path / "tokenizer.json" if path.is_dir() else path
        if file.is_file():
            try:
                return cls.of_json(file.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise DataError(f"{file} cannot be read: {error}") from error
        if path.is_dir():
            raise DataError(f"the folder {name} holds no tokenizer.json, the only form of a tokenizer that is read")
        return cls.of_json(_from_hub(name))

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of each text, without special tokens around it."""
        return [each.ids for each in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def token(self, number: int) -> str:
        """The token as a person reads it."""
        token = self.tokenizer.id_to_token(number)
        if token is None:
            return f"#{number}"
        plain: str = self.tokenizer.decode([number], skip_special_tokens=False)
        return plain or token

    def spec(self, how: str, encoded: Sequence[Sequence[int]], seen: Any, longest: int, lower: bool) -> TextSpec:
        """The spec of texts that this tokenizer encoded. Special tokens that it lacks get new numbers behind its own."""
        size = max(self.tokenizer.get_vocab(with_added_tokens=True).values(), default=0) + 1  # numbers may have gaps
        numbers: dict[str, int] = {}
        for name, known in (("padding", _PADDING), ("unknown", _UNKNOWN), ("mask", _MASK)):
            found = self._first_of(known)
            if found is None or found in numbers.values():
                found, size = size, size + 1
            numbers[name] = found
        first, last = ((found,) if (found := self._first_of(names)) is not None else () for names in (_FIRST, _LAST))
        around = (first, last) if how == "pretrained" and first and last else ((), ())
        tokenizer = TokenizerSpec(
            how=how,  # type: ignore[arg-type]
            lower=lower,
            library=json.dumps(json.loads(self.tokenizer.to_str()), separators=(",", ":"), ensure_ascii=False),
            first=around[0],
            last=around[1],
        )
        return TextSpec(
            tokenizer=tokenizer, size=size, longest=longest, documents=max(len(encoded), 1), seen=seen(encoded, size), **numbers
        )

    def _first_of(self, tokens: Sequence[str]) -> int | None:
        return next((found for each in tokens if (found := self.tokenizer.token_to_id(each)) is not None), None)


def _from_hub(name: str) -> str:
    """The text of a hub's tokenizer.json."""
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    except ImportError as error:
        raise MissingExtraError("huggingface-hub", "hub", f"fetch the tokenizer {name!r}") from error
    try:
        return Path(hf_hub_download(name, "tokenizer.json")).read_text(encoding="utf-8")
    except (OSError, HfHubHTTPError, HFValidationError, ValueError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"there is no tokenizer {name!r}: neither words, characters, symbols, kmer or bpe, nor a file or folder with "
            f"tokenizer.json, nor a hub name that can be reached ({first})"
        ) from error


def _tokenizers() -> Any:
    try:
        import tokenizers
        import tokenizers.decoders
        import tokenizers.models
        import tokenizers.normalizers
        import tokenizers.pre_tokenizers
        import tokenizers.trainers
    except ImportError as error:
        raise MissingExtraError("tokenizers", "text", "use byte-pair encoding or a pretrained tokenizer") from error
    return tokenizers
