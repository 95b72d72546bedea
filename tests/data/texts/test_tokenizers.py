"""Tokenizers: frequent words whole, rare ones in pieces, unknown letters alone; and plain JSON, whatever library made it."""

from __future__ import annotations

import json

import pytest

from selflearn.data import read
from selflearn.data.texts.spec import OWN_SPECIALS, UNKNOWN, TokenizerSpec
from selflearn.data.texts.tokenizers import open_tokenizer, train_tokenizer, units
from selflearn.errors import DataError

TEXTS = ["the walker walked", "the talker talked", "the walker talked", "a walk , a talk"] * 4


def trained(how="words", most=64, **options):
    return train_tokenizer(TEXTS, TokenizerSpec(how=how, **options), most)


def said(spec, text):
    tokenizer = open_tokenizer(spec)
    return [tokenizer.token(number) for number in tokenizer.encode(text)]


def test_frequent_words_stand_whole_and_unseen_ones_in_known_pieces():
    spec = trained()
    assert spec.vocabulary[:3] == OWN_SPECIALS
    assert said(spec, "the walker talked") == ["the", "walker", "talked"]
    pieces = said(spec, "walkhe")
    assert "".join(pieces).replace("##", "") == "walkhe"
    assert len(pieces) > 1


def test_an_unknown_letter_costs_itself_alone():
    spec = trained()
    numbers = open_tokenizer(spec).encode("walkßer")
    assert numbers.count(UNKNOWN) == 1
    assert len(numbers) > 2


@pytest.mark.parametrize("most", [16, 20, 64])
def test_a_vocabulary_keeps_its_size_and_is_the_same_each_time(most):
    assert len(trained(most=most).vocabulary) <= most
    assert trained(most=most) == trained(most=most)


def test_a_word_in_the_text_is_no_special_token():
    spec = train_tokenizer(["[MASK] [MASK] here", "[PAD] there"], TokenizerSpec(how="words"), 64)
    assert not set(open_tokenizer(spec).encode("[MASK] [PAD]")) & {0, 2}


def test_characters_and_case():
    assert units("Ab c", TokenizerSpec(how="characters", lower=True)) == ["a", "b", " ", "c"]
    assert said(trained("characters"), "talk") == list("talk")


def test_texts_without_anything_to_read():
    with pytest.raises(DataError, match="nothing that a tokenizer of words can read"):
        train_tokenizer(["  ", ""], TokenizerSpec(how="words"), 64)


def test_pairs_of_bytes_know_every_letter_and_travel_as_json(tmp_path):
    pytest.importorskip("tokenizers")
    data = read(TEXTS, more={"tokenizer": "bpe", "vocabulary": 300})
    spec = type(data.spec).model_validate(json.loads(data.spec.model_dump_json()))
    tokenizer = open_tokenizer(spec.tokenizer)
    numbers = tokenizer.encode("the ßalker 你")
    assert spec.unknown not in numbers
    file = tmp_path / "tokenizer.json"
    file.write_text(spec.tokenizer.library)
    again = read(TEXTS, more={"tokenizer": str(file)})
    assert again.batch([0]).values.tolist() == data.batch([0]).values.tolist()
    assert any("pretrained tokenizer" in note for note in again.facts.notes)


def test_what_is_no_tokenizer_is_refused(tmp_path, monkeypatch):
    pytest.importorskip("tokenizers")
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match="no tokenizer of the library"):
        read(TEXTS, more={"tokenizer": str(tmp_path)})
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(DataError, match=r"holds no tokenizer\.json"):
        read(TEXTS, more={"tokenizer": str(tmp_path)})
