"""APC: what is told lies ahead, what is heard lies behind, and one step ahead among words is a language model."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find


def made(data, name="patches-causal", **options):
    torch.manual_seed(0)
    return find("APC")(data.encoder(name), **options)


def test_the_loss_is_the_size_of_errors_so_many_tokens_ahead(scans):
    method = made(scans, ahead=2)
    generator = torch.Generator().manual_seed(0)
    (view,) = scans.views(torch.arange(8), generator, "plain")
    tokens, values = method.encoder(view).tokens, method.encoder.token_content(view).values
    expected = (method.tell(tokens)[:, :-2] - values[:, 2:]).abs().mean()
    assert float(method([view], generator).total.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_what_is_told_cannot_be_heard(scans):
    method = made(scans, ahead=2)
    (view,) = scans.views(torch.arange(8), torch.Generator(), "plain")
    told = []
    method.tell.register_forward_hook(lambda module, inputs, output: told.append(output.detach()))
    method([view], torch.Generator())
    method([view.replace(values=view.values.index_fill(2, torch.tensor([7]), 3.0))], torch.Generator())
    torch.testing.assert_close(told[0], told[1])


def test_one_ahead_among_words_is_the_cross_entropy_of_the_next_word(sentences):
    method = made(sentences, "transformer-causal", ahead=1)
    (view,) = sentences.views(torch.arange(8), torch.Generator(), "plain")
    logits, classes = method.tell(method.encoder(view).tokens), method.encoder.token_content(view).classes
    told, true = logits[:, :-1].flatten(0, 1), classes[:, 1:].flatten()
    expected = torch.nn.functional.cross_entropy(told, true, ignore_index=-1)
    outcome = method([view], torch.Generator())
    assert float(outcome.total.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert set(outcome.losses) == {"classification"}
    assert not outcome.can_collapse


def test_it_learns_more_than_what_stands_where_on_average(scans):
    method = made(scans, ahead=1)
    optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
    for step in range(60):
        rows = torch.randperm(1500, generator=torch.Generator().manual_seed(step))[:64]
        method.update(scans.views(rows, torch.Generator().manual_seed(step), "plain"), optimiser, torch.Generator())
    (view,) = scans.views(torch.arange(1500, 1797), torch.Generator(), "plain")
    values = method.encoder.token_content(view).values[:, 1:]
    guess = (values - values.median(0).values).abs().mean()
    assert float(method([view], torch.Generator()).total.detach()) < 0.9 * float(guess)


def test_what_cannot_look_ahead_is_refused(scans, digits):
    with pytest.raises(RecipeError, match="causal"):
        made(scans, "patches")
    with pytest.raises(RecipeError, match="causal"):
        made(digits, "vit-tiny")
    with pytest.raises(RecipeError, match="lower ahead"):
        made(scans, ahead=8)
