"""GMML: what is overwritten, with what, and that nothing else is changed."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find


def made(data, name="vit-tiny", **options):
    torch.manual_seed(0)
    return find("GMML")(data.encoder(name), **options)


def shown(digits, **options):
    method = made(digits, **options)
    (view,) = digits.views(torch.arange(200), torch.Generator(), "plain")
    mask = method.mask(view, torch.Generator().manual_seed(0))
    return method.encoder.token_content(view).values, mask


def test_groups_become_noise_of_the_deviation_and_all_else_stays(digits):
    content, mask = shown(digits, alien=0.0, deviation=0.5)
    assert torch.equal(mask.shown[~mask.hidden], content[~mask.hidden])
    assert mask.shown[mask.hidden].std() == pytest.approx(0.5, rel=0.05)
    assert mask.shown[mask.hidden].mean() == pytest.approx(0.0, abs=0.02)


def test_groups_become_another_samples_tokens_at_the_same_places(digits):
    content, mask = shown(digits, alien=1.0)
    for row in range(20):
        where = mask.hidden[row]
        donors = (content[:, where] == mask.shown[row, where]).flatten(1).all(1).nonzero()[:, 0]
        assert len(set(donors.tolist()) - {row}) > 0
    mixed = shown(digits, alien=0.5)[1].shown
    of_patches = (mixed[:, None] == content[None]).all(-1).any(1).all(1)
    assert of_patches.float().mean() == pytest.approx(0.5, abs=0.12)


def test_the_share_is_drawn_for_each_view(digits):
    method = made(digits, least_hidden=0.25, hidden=0.75)
    (view,) = digits.views(torch.arange(4), torch.Generator(), "plain")
    shares = [float(method.draw(view, torch.Generator().manual_seed(seed)).float().mean()) for seed in range(40)]
    assert 0.2 < min(shares) < 0.4
    assert 0.6 < max(shares) < 0.8


def test_the_loss_is_of_what_was_overwritten_or_of_all(digits):
    (view,) = digits.views(torch.arange(16), torch.Generator(), "plain")
    for whole in (False, True):
        method = made(digits, whole=whole)
        loss = method([view], torch.Generator().manual_seed(0)).total.detach()
        mask = method.mask(view, torch.Generator().manual_seed(0))
        told = method.decoder.predict(method.encoder(view, mask).tokens)
        errors = (told - method.encoder.token_content(view).values).abs().mean(-1)
        counted = torch.ones_like(mask.hidden) if whole else mask.hidden
        assert float(loss) == pytest.approx(float(errors[counted].mean().detach()), rel=1e-5)


def test_what_cannot_be_overwritten_is_refused(digits, sentences):
    with pytest.raises(RecipeError, match="mask-show"):
        made(sentences, "transformer")
    with pytest.raises(RecipeError, match="least_hidden"):
        made(digits, least_hidden=0.8, hidden=0.5)


def test_shown_content_must_fit(digits):
    method = made(digits)
    (view,) = digits.views(torch.arange(4), torch.Generator(), "plain")
    mask = method.mask(view, torch.Generator())
    mask.shown = mask.shown[:, :, :2]
    with pytest.raises(RecipeError, match="must be of their shape"):
        method.encoder(view, mask)
