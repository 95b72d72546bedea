"""Encoders of texts with tokens: padding is not seen, hidden tokens are not seen, and what is hidden can be told."""

from __future__ import annotations

import pytest
import torch

from selflearn.data import read
from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, build, default_encoder, load_encoder, save_encoder

TEXTS = [f"{who} {does} the {what}" for who in ("a child", "one old man", "the cat of my aunt") for does in ("saw", "fed")
         for what in ("birds", "big dog")]  # fmt: skip
SMALL = {"width": 16, "depth": 2, "heads": 2}


@pytest.fixture(scope="module")
def texts():
    return read(TEXTS)


def body(spec, name):
    if name == "transformer":
        return build(spec, "transformer", **SMALL)
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, vocab_size=50, max_position_embeddings=64
    )
    return build(spec, config)


@pytest.mark.parametrize("name", ["transformer", "hf"])
def test_padding_is_not_seen(texts, name):
    encoder = body(texts.spec, name).eval()
    alone = encoder(texts.batch([0])).pooled
    together = encoder(texts.batch([0, 8])).pooled[:1]
    assert alone.shape == (1, 16)
    assert torch.allclose(alone, together, atol=1e-5)


@pytest.mark.parametrize("name", ["transformer", "hf"])
def test_hidden_tokens_are_not_seen_and_others_are(texts, name):
    encoder = body(texts.spec, name).eval()
    batch = texts.batch([0])
    mask = TokenMask(torch.tensor([[False, True, False, False, False]]), "replace")
    other = batch.values.clone()
    other[0, 1] = batch.values[0, 4]
    changed = batch.replace(values=other)
    assert torch.equal(encoder(batch, mask).tokens, encoder(changed, mask).tokens)
    assert not torch.allclose(encoder(batch).tokens, encoder(changed).tokens)


@pytest.mark.parametrize("name", ["transformer", "hf"])
def test_every_blocks_tokens_are_given_and_what_tokens_are(texts, name):
    encoder = body(texts.spec, name).eval()
    batch = texts.batch([0, 8])
    features = encoder(batch, layers=True)
    assert [layer.shape for layer in features.layers] == [features.tokens.shape] * 2
    content = encoder.token_content(batch)
    assert content.values is None
    assert torch.equal(content.classes >= 0, batch.mask)
    assert encoder.content_size() == (0, texts.spec.size)
    assert torch.equal(encoder.token_real(batch), batch.mask)


def test_a_token_is_told_by_the_encoders_own_table(texts):
    encoder = build(texts.spec, "transformer", **SMALL)
    decoder = encoder.decoder(8, 1, 2)
    hidden = torch.zeros(2, 6, dtype=torch.bool)
    hidden[0, 2] = hidden[1, 1] = True
    logits = decoder(torch.randn(2, 6, 16), TokenMask(hidden, "replace"))
    assert logits.shape == (2, 6, texts.spec.size)
    assert (logits[~hidden] == 0).all()
    assert logits[hidden].abs().sum() > 0
    assert not any(parameter is encoder.embed.weight for parameter in decoder.parameters())
    logits.sum().backward()
    assert encoder.embed.weight.grad is not None


def test_dropout_alone_makes_two_views_differ(texts):
    encoder = build(texts.spec, "transformer", **SMALL, dropout=0.1).train()
    batch = texts.batch([0, 1])
    assert not torch.equal(encoder(batch).pooled, encoder(batch).pooled)
    encoder.eval()
    assert torch.equal(encoder(batch).pooled, encoder(batch).pooled)


def test_rare_tokens_can_weigh_more_in_the_mean(texts):
    pooled = []
    for pool in ("mean", "rare"):
        torch.manual_seed(0)
        pooled.append(build(texts.spec, "transformer", **SMALL, pool=pool).eval()(texts.batch([0, 8])).pooled)
    assert not torch.allclose(*pooled)


def test_words_can_only_be_replaced_not_dropped(texts):
    encoder = build(texts.spec, "transformer", **SMALL)
    with pytest.raises(RecipeError, match="cannot drop them"):
        encoder(texts.batch([0]), TokenMask(torch.zeros(1, 5, dtype=torch.bool), "drop"))


def test_the_default_is_a_bag_for_short_texts_and_a_transformer_where_tokens_are_needed(texts):
    assert default_encoder(texts.spec, accelerator=False) == "bag"
    assert default_encoder(texts.spec, accelerator=True) == "transformer"
    assert default_encoder(texts.spec, False, frozenset({"tokens", "mask-replace"})) == "transformer"
    assert default_encoder(texts.spec, True, frozenset({"restorable"})) == "bag"
    symbols = read(["ACGTACGTAC" * 2, "TTGACAGGGT" * 2] * 8).spec
    assert default_encoder(symbols, accelerator=False) == "transformer"


@pytest.mark.parametrize("name", ["transformer", "hf"])
def test_stored_and_loaded(texts, name, tmp_path):
    encoder = body(texts.spec, name).eval()
    save_encoder(encoder, tmp_path)
    assert torch.equal(load_encoder(tmp_path).eval()(texts.batch([3])).pooled, encoder(texts.batch([3])).pooled)


def test_texts_longer_than_a_body_reads_are_refused(texts):
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=4)
    encoder = build(texts.spec, config)  # an untrained body is made long enough
    assert encoder(texts.batch([8])).pooled.isfinite().all()
    model = transformers.BertModel(transformers.BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, max_position_embeddings=4))  # fmt: skip
    with pytest.raises(RecipeError, match="reads 4 tokens.*--read longest="):
        build(texts.spec, model)


def test_a_picture_body_is_refused(texts):
    transformers = pytest.importorskip("transformers")
    with pytest.raises(RecipeError, match="not a body for texts"):
        build(texts.spec, transformers.ViTConfig())
