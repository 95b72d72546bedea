"""Encoders of texts by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from selflearn.data.texts import TextSpec
from selflearn.networks.encoder import Encoder
from selflearn.networks.text_bag import BagOfWords, text_bag
from selflearn.networks.text_body import hugging_face
from selflearn.networks.text_transformer import text_transformer

ENCODERS: dict[str, Callable[..., Encoder]] = {
    "bag": text_bag,
    "transformer": text_transformer,
    "transformer-causal": partial(text_transformer, causal=True),
    "hf": hugging_face,
}


def default(spec: TextSpec, accelerator: bool, needs: frozenset[str] = frozenset()) -> str:
    """A bag for short texts on a CPU; a transformer where a method hides tokens, for long texts, symbols, and accelerators."""
    if "causal" in needs:
        return "transformer-causal"
    if needs and needs <= BagOfWords.capabilities:
        return "bag"
    return "bag" if not needs and not accelerator and spec.form == "short" else "transformer"
