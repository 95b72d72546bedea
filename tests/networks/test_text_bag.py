"""The bag of words: its lexical half is hashed TF-IDF, its latent half a weighted sum; and a text can be restored from it."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

from selflearn.data import read
from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, build, load_encoder, save_encoder
from selflearn.networks.text_bag import lexical_rows, rarity

TEXTS = [
    *("the cat sat on the mat", "the dog sat on the rug", "a cat and a dog ran", "stocks fell on bad news"),
    *("markets rose on good news", "the cat ran home", "bad news for the markets", "the rug and the mat"),
]


@pytest.fixture(scope="module")
def texts():
    return read(TEXTS)


def everything(data):
    return data.batch(range(len(data)))


def tfidf(data):
    """(texts, vocabulary) of scikit-learn over the same tokens, where a single letter weighs a tenth."""
    batch = everything(data)
    told = [" ".join(map(str, row[real].tolist())) for row, real in zip(batch.values, batch.mask, strict=True)]
    counted = TfidfVectorizer(vocabulary=list(map(str, range(data.spec.size))), token_pattern=r"\S+", norm=None)
    values = counted.fit_transform(told).toarray()
    values[:, data.spec.tokenizer.vocabulary.index("a")] *= 0.1
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def test_what_is_restored_is_the_tfidf_of_scikit_learn(texts):
    content = build(texts.spec, "bag").token_content(everything(texts))
    assert content.classes is None
    np.testing.assert_allclose(content.values[:, 0].numpy(), tfidf(texts), atol=1e-6)


def test_the_lexical_half_is_tfidf_hashed_by_the_closed_form(texts):
    size = 64
    encoder = build(texts.spec, "bag", width=4, lexical=size).eval()
    pooled = encoder(everything(texts)).pooled[:, 4:].detach().numpy()
    hashing = np.zeros((texts.spec.size, size))
    for number, word in enumerate(texts.spec.tokenizer.vocabulary):
        terms = [(str(number), 1.0)]
        if number > 2:
            framed = word[2:] + ">" if word.startswith("##") else f"<{word}>"
            runs = [framed[a : a + n] for n in (2, 3, 4) for a in range(len(framed) - n + 1)][:32]
            terms += [(run, (0.5 / len(runs)) ** 0.5) for run in runs]
        for term, weight in terms:
            code = zlib.crc32(term.encode())
            hashing[number, code % size] += weight if (code >> 16) % 2 else -weight
    expected = tfidf(texts) @ hashing
    np.testing.assert_allclose(pooled, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-5)


def test_hashed_signs_keep_inner_products_on_average(texts):
    """Many columns: texts are as near in the hashed half as with words and runs of letters counted one by one."""
    wide, _ = (build(texts.spec, "bag", width=1, lexical=size).eval() for size in (60_000, 64))
    vectors = wide(everything(texts)).pooled[:, 1:].detach()
    near = vectors @ vectors.T
    assert near.diagonal().tolist() == pytest.approx([1.0] * 8, abs=1e-5)
    assert near[0, 1] > 0.3 > abs(near[0, 4])  # "the cat sat on the mat" shares words with the dog's, hardly any with markets


def test_pieces_of_a_word_share_its_runs_of_letters():
    spec = read(["walking walker walks talking talker talks"] * 2 + TEXTS).spec
    places, counts = lexical_rows(spec, 60_000)
    table = torch.zeros(spec.size, 60_000).scatter_add_(1, places, counts)
    near = table @ table.T
    number = spec.tokenizer.vocabulary.index
    assert near[number("walking"), number("walker")] > near[number("walking"), number("talks")] >= 0
    assert (counts[:3, 1:] == 0).all()  # special tokens have no letters


def test_rare_tokens_weigh_more_and_padding_nothing(texts):
    weights = rarity(texts.spec)
    assert weights[[0, 2]].tolist() == [0, 0]
    number = texts.spec.tokenizer.vocabulary.index
    assert weights[number("stocks")] > weights[number("cat")] > weights[number("the")] >= 1
    letter = np.log((1 + 8) / (1 + texts.spec.seen[number("a")])) + 1
    np.testing.assert_allclose(float(weights[number("a")]), 0.1 * letter, rtol=1e-6)
    np.testing.assert_allclose(float(weights[number("the")]), np.log((1 + 8) / (1 + texts.spec.seen[number("the")])) + 1, rtol=1e-6)


def test_neither_order_nor_padding_changes_a_bag(texts):
    encoder = build(texts.spec, "bag", width=8, lexical=32).eval()
    batch = everything(texts)
    alone = encoder(texts.batch([5])).pooled
    assert torch.allclose(encoder(batch.padded(40)).pooled[5], alone[0], atol=1e-6)
    turned = texts.batch([5])
    assert torch.allclose(encoder(turned.replace(values=turned.values.flip(1))).pooled, alone, atol=1e-6)


def test_while_training_the_lexical_half_is_blank_and_dropout_hides_part_of_the_latent_one(texts):
    encoder = build(texts.spec, "bag", width=64, lexical=32, dropout=0.5)
    torch.manual_seed(0)
    pooled = encoder.train()(everything(texts)).pooled
    assert (pooled[:, 64:] == 0).all()
    assert 0.3 < float((pooled[:, :64] == 0).float().mean()) < 0.7
    encoder.eval()
    assert torch.equal(encoder(everything(texts)).pooled, encoder(everything(texts)).pooled)
    assert (encoder(everything(texts)).pooled[:, :64] != 0).all()


@pytest.mark.parametrize("weight", [0.5, 2.0])
def test_halves_are_weighed(texts, weight):
    pooled = build(texts.spec, "bag", width=8, lexical=32, weight=weight).eval()(everything(texts)).pooled
    assert pooled[:, :8].norm(dim=1).tolist() == pytest.approx([weight] * 8, rel=1e-5)
    assert pooled[:, 8:].norm(dim=1).tolist() == pytest.approx([1.0] * 8, rel=1e-5)


def test_alone_the_latent_half_is_tfidf_through_the_table(texts):
    encoder = build(texts.spec, "bag", width=8, lexical=0)
    assert encoder.dim == 8
    latent = encoder(everything(texts)).pooled.detach().numpy()
    expected = tfidf(texts) @ encoder.table.weight.detach().numpy()
    once = [row for row, text in enumerate(TEXTS) if len(set(text.split())) == len(text.split())]
    assert len(once) == 4
    np.testing.assert_allclose(latent[once], expected[once], atol=1e-6)  # a word that is repeated makes a text a little shorter
    cosines = (latent * expected).sum(1) / np.linalg.norm(latent, axis=1) / np.linalg.norm(expected, axis=1)
    assert cosines == pytest.approx(1, abs=1e-5)


def test_a_bag_has_no_tokens_to_hide_and_says_so(texts):
    encoder = build(texts.spec, "bag")
    with pytest.raises(RecipeError, match="choose the encoder transformer"):
        encoder(everything(texts), TokenMask(torch.zeros(8, 1, dtype=torch.bool), "replace"))


def test_a_text_of_unknown_letters_has_finite_features(texts):
    other = read(["\u4f60\u597d", TEXTS[0]], kind="text", like=texts.spec)
    assert build(texts.spec, "bag").eval()(everything(other)).pooled.isfinite().all()


def test_stored_and_loaded(texts, tmp_path):
    encoder = build(texts.spec, "bag", width=8, lexical=32).eval()
    save_encoder(encoder, tmp_path)
    assert torch.equal(load_encoder(tmp_path)(everything(texts)).pooled, encoder(everything(texts)).pooled)


def test_the_autoencoders_optimum_spans_the_leading_principal_directions(texts):
    """Baldi and Hornik, 1989: with one table that encodes and decodes, nothing beats them, and descent finds them."""
    from selflearn.methods import find

    torch.manual_seed(0)
    encoder = build(texts.spec, "bag", width=3, lexical=0)
    method = find("Autoencoder")(encoder)
    optimiser = torch.optim.Adam(method.parameters(), lr=0.02)
    generator = torch.Generator().manual_seed(0)
    for _ in range(400):
        outcome = method.update([everything(texts)], optimiser, generator)
    values = tfidf(texts)
    leading = TruncatedSVD(3, algorithm="arpack", random_state=0).fit(values).components_.T
    kept = ((values @ leading) ** 2).sum() / (values**2).sum()
    assert float(outcome.total) == pytest.approx(1 - kept, abs=2e-3)
    learned, _ = np.linalg.qr(encoder.table.weight.detach().numpy())
    assert np.linalg.svd(learned.T @ leading)[1] == pytest.approx(1, abs=5e-3)  # cosines of the angles between both spaces
