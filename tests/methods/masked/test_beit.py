"""BEiT: names of tokens, where they come from, and that context tells more than how common a name is."""

import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find


def made(data, name="vit-tiny", **options):
    torch.manual_seed(0)
    return find("BEiT")(data.encoder(name), **{"codes": 16, "span": 2, **options})


def test_equal_logits_cost_the_log_of_the_names(digits):
    method = made(digits)
    for weight in method.decoder.parameters():
        torch.nn.init.zeros_(weight)
    (view,) = digits.views(torch.arange(16), torch.Generator(), "plain")
    assert float(method([view], torch.Generator()).total.detach()) == pytest.approx(math.log(16), rel=1e-5)


def test_names_are_codes_of_what_stands_there(digits):
    method = made(digits)
    (view,) = digits.views(torch.arange(32), torch.Generator(), "plain")
    method([view], torch.Generator())
    content = method.encoder.token_content(view)
    names = method.units(content)
    distances = torch.cdist(content.values.flatten(0, 1), method.units.codebook.centres)
    assert torch.equal(names.flatten(), distances.argmin(1))
    assert (names[(content.values == content.values[0, 0]).all(-1)] == names[0, 0]).all()


def test_the_tokeniser_learns_while_learning_alone_and_settles(digits):
    method = made(digits, settles=2)
    views = [digits.views(torch.arange(32) + 32 * number, torch.Generator(), "plain") for number in range(4)]
    centres = []
    for each in views[:1]:
        method.eval()(each, torch.Generator())
        assert not method.units.codebook.centres.any()
    for each in views:
        method.train()(each, torch.Generator())
        centres.append(method.units.codebook.centres.clone())
    assert not torch.equal(centres[0], centres[1])
    assert torch.equal(centres[1], centres[3])


def test_words_are_their_own_names(sentences):
    method = made(sentences, "transformer")
    (view,) = sentences.views(torch.arange(8), torch.Generator(), "plain")
    content = method.encoder.token_content(view)
    assert torch.equal(method.units(content), content.classes)
    assert method.units.size == sentences.spec.size


def test_coded_tokens_are_shown_by_their_codes_and_hidden_ones_by_nothing(scans):
    method = made(scans, "patches", coded=True)
    (view,) = scans.views(torch.arange(32), torch.Generator(), "plain")
    mask = method.mask(view, torch.Generator().manual_seed(0))
    codes = method.units(method.encoder.token_content(view))
    assert not mask.shown[mask.hidden].any()
    assert torch.equal(mask.shown[~mask.hidden], method.units.codebook.centres[codes[~mask.hidden]])
    assert method([view], torch.Generator().manual_seed(0)).total.isfinite()


def test_codes_need_an_encoder_that_can_be_shown_them(scans, sentences):
    with pytest.raises(RecipeError, match="coded"):
        made(sentences, "transformer", coded=True)
    with pytest.raises(RecipeError, match="coded"):
        made(scans, "patches", coded=True, tokeniser="random")


@pytest.mark.parametrize("tokeniser", ["kmeans", "random"])
def test_context_tells_more_than_how_common_a_name_is(digits, tokeniser):
    method = made(digits, tokeniser=tokeniser, settles=10)
    optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
    for step in range(80):
        generator = torch.Generator().manual_seed(step)
        rows = torch.randperm(1500, generator=generator)[:64]
        method.update(digits.views(rows, generator, "plain"), optimiser, generator)
    (view,) = digits.views(torch.arange(1500, 1797), torch.Generator(), "plain")
    names = method.eval().units(method.encoder.token_content(view))
    shares = torch.bincount(names.flatten(), minlength=16) / names.numel()
    guess = -(shares * shares.clamp(min=1e-9).log()).sum()
    loss = method([view], torch.Generator().manual_seed(0)).total.detach()
    assert float(loss) < 0.9 * float(guess)


def test_more_codes_than_tokens_are_refused(digits):
    made(digits, codes=200).check_batch(32)
    with pytest.raises(RecipeError, match="raise batch, or take tokeniser=random"):
        made(digits, codes=206).check_batch(32)  # two fifths of 32 x 16 tokens are hidden
    made(digits, codes=206, tokeniser="random").check_batch(32)
