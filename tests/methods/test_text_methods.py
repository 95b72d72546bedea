"""Methods on texts: nothing that is asked for and hidden is seen, and SimCSE's two views differ by dropout alone."""

from __future__ import annotations

import pytest
import torch

from selflearn import recipes
from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.networks import TokenContent

SMALL = {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2}


def telling(sentences, **options):
    torch.manual_seed(0)
    return find("MaskedLanguage")(sentences.encoder("transformer"), **{**SMALL, **options})


def watched(method):
    """What the encoder is not shown, and what the decoder says of which tokens."""
    seen = {}
    method.encoder.register_forward_pre_hook(lambda module, inputs: seen.update(hidden=inputs[1].hidden))
    method.decoder.register_forward_hook(lambda module, inputs, output: seen.update(asked=inputs[1].hidden, said=output.detach()))
    return seen


def test_most_of_what_is_asked_for_is_hidden_in_the_published_shares(sentences):
    method = telling(sentences)
    (view,) = sentences.views(torch.arange(400), torch.Generator(), "plain")
    seen = watched(method)
    method([view], torch.Generator().manual_seed(0))
    asked, hidden = seen["asked"], seen["hidden"]
    assert not (asked & ~view.mask).any()
    assert not (hidden & ~asked).any()
    expected = (0.15 * view.lengths).round().clamp(min=1)
    assert torch.equal(asked.sum(1), expected.long())
    assert float(hidden.sum() / asked.sum()) == pytest.approx(0.8, abs=0.05)


def test_what_is_hidden_is_not_seen_and_what_is_shown_is(sentences):
    for shown, seen_through in ((0.0, False), (0.999, True)):
        method = telling(sentences, hidden=0.3, shown=shown).eval()
        seen = watched(method)
        (view,) = sentences.views(torch.arange(16), torch.Generator(), "plain")
        method([view], torch.Generator().manual_seed(1))
        before = seen["said"]
        other = torch.where(seen["asked"], (view.values + 7).clamp(max=sentences.spec.size - 1), view.values)
        method([view.replace(values=other)], torch.Generator().manual_seed(1))
        assert torch.equal(before, seen["said"]) != seen_through


def test_only_what_is_asked_for_is_paid_for(sentences):
    method = telling(sentences)
    (view,) = sentences.views(torch.arange(4), torch.Generator(), "plain")
    content = method.encoder.token_content(view)
    asked = torch.zeros_like(view.mask)
    asked[:, 1] = True
    logits = torch.zeros(*view.values.shape, sentences.spec.size)
    loss = method.losses(logits, content, asked)["classification"]
    assert float(loss) == pytest.approx(torch.tensor(float(sentences.spec.size)).log().item(), rel=1e-5)
    logits[:, 2:] = torch.randn_like(logits[:, 2:])
    assert method.losses(logits, content, asked)["classification"] == loss
    with pytest.raises(RecipeError, match="no classes"):
        method.losses(logits, TokenContent(torch.zeros(1, 1, 1)), asked)


def test_tokens_without_classes_are_refused_with_what_to_do(digits, sentences):
    with pytest.raises(RecipeError, match="these tokens have none; MAE restores their numbers"):
        find("MaskedLanguage")(digits.encoder("vit-tiny"), **SMALL)
    with pytest.raises(RecipeError, match="needs an encoder with .*tokens"):
        find("MaskedLanguage")(sentences.encoder("bag"), **SMALL)


def test_it_learns_to_tell_words_from_their_context(sentences):
    method = telling(sentences, hidden=0.3)
    optimiser = torch.optim.AdamW(method.parameters(), lr=5e-3)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(60):
        rows = torch.randperm(len(sentences.data), generator=generator)[:64]
        losses.append(float(method.update(sentences.views(rows, generator, "plain"), optimiser, generator).total))
    counts = torch.bincount(torch.from_numpy(sentences.data.numbers).long(), minlength=sentences.spec.size).float()
    share = counts[counts > 0] / counts.sum()
    frequencies_alone = float(-(share * share.log()).sum())  # the best that can be said without looking
    assert sum(losses[-10:]) / 10 < frequencies_alone - 0.3


def test_an_encoder_that_cannot_be_restored_from_is_refused(sentences, digits):
    for encoder in (sentences.encoder("transformer"), digits.encoder("resnet-narrow")):
        with pytest.raises(RecipeError, match="restorable"):
            find("Autoencoder")(encoder)


def test_an_autoencoder_that_says_nothing_pays_the_whole(sentences):
    """The loss is a share of what there was: 1 for saying nothing, 0 for all."""
    encoder = sentences.encoder("bag", width=sentences.spec.size)
    method = find("Autoencoder")(encoder)
    (view,) = sentences.views(torch.arange(64), torch.Generator(), "plain")
    with torch.no_grad():
        encoder.table.weight.zero_()
        assert float(method([view], torch.Generator()).total) == pytest.approx(1.0)
        encoder.table.weight.copy_(torch.eye(sentences.spec.size))
        assert float(method([view], torch.Generator()).total) < 0.02


def test_the_two_views_of_simcse_differ_by_dropout_alone(sentences):
    recipe = recipes.load("simcse", "small", kind="text")
    views = recipes.build_views(recipe.stages[0], sentences.spec)
    first, second = (view(sentences.batch(torch.arange(8)), torch.Generator()) for view in views)
    assert torch.equal(first.values, second.values)
    encoder = recipes.build_encoder(recipe.stages[0], sentences.spec, 0, accelerator=False)
    assert encoder.settings["dropout"] == 0.1
    assert not torch.equal(encoder.train()(first).pooled, encoder(second).pooled)
    assert torch.equal(encoder.eval()(first).pooled, encoder(second).pooled)


@pytest.mark.parametrize("name", ["simcse", "masked-language", "autoencoder", "simclr", "vicreg", "mae", "data2vec"])
def test_recipes_for_texts_run_with_their_small_numbers(sentences, name):
    recipe = recipes.load(name, "small", {"batch": 16}, kind="text")
    stage = recipe.stages[0]
    encoder = recipes.build_encoder(stage, sentences.spec, 0, accelerator=False)
    method = recipes.build_method(stage, encoder, 0)
    optimiser = torch.optim.SGD(method.parameters(), lr=0.01)
    generator = torch.Generator().manual_seed(0)
    views = [view(sentences.batch(torch.arange(16)), generator) for view in recipes.build_views(stage, sentences.spec)]
    assert method.update(views, optimiser, generator).total.isfinite()
