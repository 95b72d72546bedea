"""The reading options of texts alone: `--read key=value`, or `ReadOptions.more`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

LONGEST = 4_096
VOCABULARY = 8_192


class TextReading(BaseModel):
    """How texts are read.

    Attributes
    ----------
    column : the column of texts, where a table has several.
    part : only rows whose column "split" has this value, e.g. "train".
    unit : what is one sample of a text file: a "line", a "paragraph" (blank lines between), or the whole "file"; "auto" looks.
    piece : words (or symbols) of a piece into which longer documents of text files are cut; 0 cuts none.
    encoding : of text files, CSV and JSONL.
    tokenizer : "words", "characters", "symbols", "kmer", "bpe", or the folder, file or hub name of a pretrained tokenizer.
        "auto": words for running text, symbols for symbol strings.
    vocabulary : the most tokens that a tokenizer trained on the spot may know.
    longest : the most tokens of a text; "auto": the 99th hundredth of the lengths, at most 256.
    k : length of a k-mer.
    lower : whether capital letters are made small; "auto": in running text.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    column: str | None = None
    part: str | None = None
    unit: Literal["auto", "line", "paragraph", "file"] = "auto"
    piece: Annotated[int, Field(ge=0, le=1_000_000)] = 200
    encoding: str = "utf-8"
    tokenizer: str = "auto"
    vocabulary: Annotated[int, Field(ge=16, le=1_000_000)] = VOCABULARY
    longest: Annotated[int, Field(ge=1, le=LONGEST)] | Literal["auto"] = "auto"
    k: Annotated[int, Field(ge=1, le=12)] = 3
    lower: bool | Literal["auto"] = "auto"
