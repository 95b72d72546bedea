"""The masked family: hidden tokens are not seen, only they are paid for, and the mask comes from the generator."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.methods.masked.base import hide


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


def jepa(digits, **options):
    torch.manual_seed(0)
    return find("JEPA")(digits.encoder("vit-tiny", width=32), predictor_width=16, predictor_depth=1, predictor_heads=2, **options)


def test_a_jepas_context_is_all_its_predictor_hears(digits):
    method = jepa(digits, least_hidden=0.5, hidden=0.5).eval()
    (view,), _ = weak(digits)
    hidden = method.draw(view, torch.Generator().manual_seed(3))
    patches = hidden.unflatten(1, method.encoder.token_grid()).repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None]
    other = view.replace(values=torch.where(patches, 1 - view.values, view.values))
    assert torch.allclose(method.predict(view, hidden), method.predict(other, hidden), atol=1e-6)
    assert not torch.allclose(method.targets(view), method.targets(other), atol=1e-2)


def test_a_jepa_draws_how_much_it_hides_and_normalises_where_told(digits):
    (view,), _ = weak(digits)
    method = jepa(digits, least_hidden=0.3, hidden=0.9)
    shares = [float(method.draw(view, torch.Generator().manual_seed(seed)).float().mean()) for seed in range(60)]
    assert 0.25 <= min(shares) < 0.4
    assert 0.8 < max(shares) <= 0.95
    assert torch.equal(method.targets(view), method.teacher(view).tokens)
    for normalised, axis in (("token", -1), ("batch", 0)):
        unit = jepa(digits, normalised=normalised).targets(view)
        assert unit.mean(axis).abs().max() < 1e-4
        assert torch.allclose(unit.var(axis, correction=0), torch.ones(1), atol=5e-2)


def test_a_jepa_that_predicts_its_teacher_has_no_loss(digits):
    method = jepa(digits).eval()
    (view,), generator = weak(digits)
    method.predict = lambda view, hidden: method.targets(view)
    assert method([view], generator).total == 0


@pytest.mark.parametrize("options", [{"least_hidden": 0.9, "hidden": 0.5}, {"hidden": 1.0}])
def test_a_jepa_refuses_what_it_cannot_hide(digits, options):
    with pytest.raises(RecipeError, match="hidden"):
        jepa(digits, **options)
