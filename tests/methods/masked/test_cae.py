"""CAE: the regressor hears visible tokens alone, its targets are encodings of the hidden ones alone, names are read off both."""

import pytest
import torch

from selflearn.methods import find

SMALL = {"codes": 16, "span": 2, "regressor_depth": 1, "decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2}


def made(data, name="vit-tiny", **options):
    torch.manual_seed(0)
    return find("CAE")(data.encoder(name), **{**SMALL, **options})


def altered(method, view, where):
    """The view with other content in some tokens."""
    grid = method.encoder.token_grid()
    patches = where.unflatten(1, grid).repeat_interleave(2, 1).repeat_interleave(2, 2)[:, None]
    return view.replace(values=torch.where(patches, 1 - view.values, view.values))


@pytest.mark.parametrize("how", ["drop", "replace"])
def test_what_is_told_comes_from_visible_tokens_and_is_compared_with_hidden_ones(digits, how):
    method = made(digits).eval()
    method.how = how
    (view,) = digits.views(torch.arange(8), torch.Generator(), "plain")
    hidden = method.draw(view, torch.Generator().manual_seed(3))
    others = [altered(method, view, where) for where in (hidden, ~hidden)]
    same_seen, same_hidden = others
    torch.testing.assert_close(method.encoded(view, hidden)[~hidden], method.encoded(same_seen, hidden)[~hidden])
    torch.testing.assert_close(method.encoded(view, ~hidden)[hidden], method.encoded(same_hidden, ~hidden)[hidden])
    assert not torch.allclose(method.encoded(view, ~hidden)[hidden], method.encoded(same_seen, ~hidden)[hidden])
    told = []
    method.regressor.register_forward_hook(lambda module, inputs, output: told.append(output.detach()))
    for each in (view, same_seen, same_hidden):
        method([each], torch.Generator().manual_seed(3))
    torch.testing.assert_close(told[0], told[1])
    assert not torch.allclose(told[0], told[2])


def test_dropped_tokens_come_back_to_their_places(digits):
    method = made(digits)
    (view,) = digits.views(torch.arange(8), torch.Generator(), "plain")
    hidden = method.draw(view, torch.Generator().manual_seed(3))
    placed = method.encoded(view, hidden)
    assert not placed[hidden].any()
    assert placed[~hidden].abs().sum(-1).min() > 0


def test_right_encodings_cost_nothing(digits):
    method = made(digits).eval()
    (view,) = digits.views(torch.arange(8), torch.Generator(), "plain")
    hidden = method.draw(view, torch.Generator().manual_seed(3))
    method.regressor.forward = lambda *ignored: method.encoded(view, ~hidden)
    assert float(method([view], torch.Generator().manual_seed(3)).losses["alignment"].detach()) == 0


def test_no_gradient_reaches_the_encoder_through_targets(digits):
    method = made(digits, alignment=1.0)
    (view,) = digits.views(torch.arange(8), torch.Generator(), "plain")
    hidden = method.draw(view, torch.Generator().manual_seed(3))
    told = torch.zeros(8, 16, method.encoder.dim, requires_grad=True)
    method.regressor.forward = lambda *ignored: told
    method([view], torch.Generator().manual_seed(3)).losses["alignment"].backward()
    assert told.grad[hidden].abs().sum() > 0
    assert all(weight.grad is None for weight in method.encoder.parameters())


def test_both_losses_fall(digits):
    method = made(digits)
    optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
    outcomes = []
    for step in range(40):
        generator = torch.Generator().manual_seed(step)
        rows = torch.randperm(1500, generator=generator)[:64]
        outcomes.append(method.update(digits.views(rows, generator, "plain"), optimiser, generator).losses)
    for name in ("classification", "alignment"):
        assert float(outcomes[-1][name]) < 0.85 * float(outcomes[0][name])
