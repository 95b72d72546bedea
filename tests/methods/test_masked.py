"""The masked family: hidden tokens are not seen, only they are paid for, and the mask comes from the generator."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.methods.masked.base import hide
from selflearn.networks import TokenMask


def made(digits, **options):
    torch.manual_seed(0)
    return find("MAE")(digits.encoder("vit-tiny"), decoder_width=16, decoder_depth=1, decoder_heads=2, **options)


def weak(digits, rows=8):
    generator = torch.Generator().manual_seed(0)
    return digits.views(torch.arange(rows), generator, "weak"), generator


def test_every_row_hides_its_share(digits):
    method = made(digits, hidden=0.75)
    (view,), _ = weak(digits, rows=10)
    hidden = method.draw(view, torch.Generator().manual_seed(1))
    assert torch.equal(hidden.sum(1), torch.full((10,), 12))


def test_the_encoder_does_not_see_what_is_hidden(digits):
    method = made(digits, hidden=0.5, normalised=False).eval()
    (view,), generator = weak(digits)
    state = generator.get_state()
    hidden = method.draw(view, generator)
    predictions = []
    method.decoder.register_forward_hook(lambda module, inputs, output: predictions.append(output.detach()))
    method([view], generator.set_state(state))
    patches = hidden.unflatten(1, method.encoder.token_grid()).repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None]
    changed = view.replace(values=torch.where(patches, 1 - view.values, view.values))
    method([changed], generator.set_state(state))
    assert torch.allclose(predictions[0], predictions[1], atol=1e-6)


def test_the_mask_comes_from_the_generator(digits):
    method = made(digits).eval()
    views, _ = weak(digits)
    totals = [float(method(views, torch.Generator().manual_seed(seed)).total.detach()) for seed in (1, 1, 2)]
    assert totals[0] == totals[1] != totals[2]


def test_several_views_are_averaged(digits):
    method = made(digits).eval()
    (view,), _ = weak(digits)
    generator = torch.Generator().manual_seed(3)
    alone = [float(method([view], generator).total.detach()) for _ in range(2)]
    together = method([view, view], torch.Generator().manual_seed(3)).total.detach()
    assert abs(float(together) - sum(alone) / 2) < 1e-5


def test_it_learns_what_stands_where(digits):
    torch.manual_seed(100)
    encoder = digits.encoder("vit-tiny", width=64)
    method = find("MAE")(encoder, hidden=0.5, normalised=False, decoder_width=32, decoder_depth=1, decoder_heads=2)
    optimiser = torch.optim.AdamW(method.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(100)
    losses = []
    for step in range(40):
        rows = torch.randperm(len(digits.values), generator=generator)[:64]
        losses.append(float(method.update(digits.views(rows, generator, "weak"), optimiser, generator, step / 40).total))
    # Standardised values have variance one; what is left once each place's mean is known is about half of it.
    assert sum(losses[-5:]) / 5 < 0.7 < losses[0]


def test_a_plateau_is_no_collapse(digits):
    """Restoring is compared with the data itself: no constant encoder is a solution, so only divergence may alarm."""
    method = find("MAE")(digits.encoder("vit-tiny", width=32))
    generator = torch.Generator().manual_seed(0)
    assert not method(digits.views([0, 1, 2, 3], generator, "weak"), generator).can_collapse


def latent(digits, **options):
    torch.manual_seed(0)
    return find("Data2Vec")(digits.encoder("vit-tiny", width=32), top=2, **options)


def test_targets_are_layers_brought_to_mean_0_and_deviation_1(digits):
    method = latent(digits).eval()
    (view,), _ = weak(digits)
    layers = method.encoder(view, layers=True).layers[-2:]
    expected = sum(
        (each - each.mean(-1, keepdim=True)) / (each.var(-1, correction=0, keepdim=True) + 1e-5).sqrt() for each in layers
    )
    assert torch.allclose(method.targets(view), expected / 2, atol=1e-4)


def test_the_student_does_not_see_what_it_predicts(digits):
    method = latent(digits, hidden=0.5).eval()
    (view,), _ = weak(digits)
    said = []
    method.head.register_forward_hook(lambda module, inputs, output: said.append(output.detach()))
    method([view], torch.Generator().manual_seed(3))
    hidden = hide(method.encoder, view, "replace", 0.5, torch.Generator().manual_seed(3))
    patches = hidden.unflatten(1, method.encoder.token_grid()).repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None]
    assert hidden.any()
    method([view.replace(values=torch.where(patches, 1 - view.values, view.values))], torch.Generator().manual_seed(3))
    assert torch.allclose(said[0], said[-1], atol=1e-6)


def test_the_teacher_follows_and_needs_no_gradient(digits):
    method = latent(digits, momentum=0.5, final_momentum=0.5)
    before = [each.clone() for each in method.teacher.average.parameters()]
    with torch.no_grad():
        for weight in method.encoder.parameters():
            weight.add_(1.0)
    method.after_update(0.3)
    assert all(torch.allclose(after, old + 0.5) for after, old in zip(method.teacher.average.parameters(), before, strict=True))
    assert not any(each.requires_grad for each in method.teacher.parameters())


def test_a_decoder_of_depth_nothing_is_a_linear_layer_on_replaced_tokens(digits):
    method = find("MAE")(digits.encoder("vit-tiny"), decoder_depth=0, hidden=0.4, normalised=False)
    assert method.how == "replace"
    assert sum(1 for _ in method.decoder.parameters()) == 2
    rows = torch.arange(16)
    (view,) = digits.views(rows, torch.Generator().manual_seed(0), "weak")
    outcome = method([view], torch.Generator().manual_seed(0))
    mask = TokenMask(method.draw(view, torch.Generator().manual_seed(0)), how="replace")
    told = method.decoder.predict(method.encoder(view, mask).tokens)
    errors = (told - method.encoder.token_content(view).values).square().mean(-1)
    assert outcome.total.item() == pytest.approx(errors[mask.hidden].mean().item(), rel=1e-5)
    with pytest.raises(RecipeError, match="dropped"):
        method.decoder(told, TokenMask(mask.hidden, how="drop"))
