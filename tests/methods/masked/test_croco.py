"""CroCo: the other view is what helps; what is hidden is not seen; one view is too few."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find

SMALL = {"decoder_width": 32, "decoder_depth": 1, "decoder_heads": 2, "normalised": False}


def made(digits, name="CroCo", **options):
    torch.manual_seed(0)
    return find(name)(digits.encoder("vit-tiny"), **{**SMALL, "hidden": 0.75, **options})


def test_one_view_is_told_from_the_other_and_not_from_what_is_hidden(digits):
    method = made(digits).eval()
    (view,) = digits.views(torch.arange(8), torch.Generator(), "plain")
    told = []
    method.decoder.register_forward_hook(lambda module, inputs, output: told.append(output.detach()))
    hidden = method.draw(view, torch.Generator().manual_seed(3))
    patches = hidden.unflatten(1, (4, 4)).repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None]
    changed = view.replace(values=torch.where(patches, 1 - view.values, view.values))
    other = view.replace(values=view.values.flip(0))
    for pair in ([view, other], [changed, other], [view, view]):
        method(pair, torch.Generator().manual_seed(3))
    torch.testing.assert_close(told[0], told[2])
    assert not torch.allclose(told[0], told[4])


def test_where_the_other_view_is_the_same_it_completes_what_mae_can_only_guess(digits):
    ends = {}
    for name in ("MAE", "CroCo"):
        method = made(digits, name)
        optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
        losses = []
        for step in range(100):
            generator = torch.Generator().manual_seed(step)
            rows = torch.randperm(1500, generator=generator)[:64]
            views = digits.views(rows, generator, "plain") * (2 if name == "CroCo" else 1)
            losses.append(float(method.update(views, optimiser, generator).total))
        ends[name] = sum(losses[-10:]) / 10
    assert ends["CroCo"] < 0.95 * ends["MAE"]


def test_one_view_is_too_few(digits):
    views = digits.views(torch.arange(4), torch.Generator(), "plain")
    with pytest.raises(RecipeError, match="takes two views, not 1"):
        made(digits)(views, torch.Generator())


def test_a_view_of_more_tokens_than_the_decoder_has_places_is_refused(digits):
    method = made(digits)
    (view,) = digits.views(torch.arange(4), torch.Generator(), "plain")
    larger = view.replace(values=torch.nn.functional.interpolate(view.values, scale_factor=2.0))
    with pytest.raises(RecipeError, match="views of one size"):
        method([view, larger], torch.Generator())
