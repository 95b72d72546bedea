"""SimMIM: one layer on replaced tokens, the size of errors, and units of several tokens."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.networks import TokenMask


def made(data, name="vit-tiny", **options):
    torch.manual_seed(0)
    return find("SimMIM")(data.encoder(name), **options)


def test_the_loss_is_the_mean_size_of_errors_of_one_layer_where_hidden(digits):
    method = made(digits)
    (view,) = digits.views(torch.arange(16), torch.Generator().manual_seed(0), "weak")
    loss = method([view], torch.Generator().manual_seed(1)).total.detach()
    hidden = method.draw(view, torch.Generator().manual_seed(1))
    assert hidden.float().mean() == pytest.approx(0.6, abs=0.03)
    told = method.decoder.predict(method.encoder(view, TokenMask(hidden, how="replace")).tokens)
    errors = (told - method.encoder.token_content(view).values).abs().mean(-1)
    assert float(loss) == pytest.approx(float(errors[hidden].mean().detach()), rel=1e-5)


def test_units_are_squares_of_pictures_and_spans_of_series(digits, scans):
    (view,) = digits.views(torch.arange(16), torch.Generator(), "plain")
    hidden = made(digits, unit=2, hidden=0.5).draw(view, torch.Generator().manual_seed(0)).view(16, 2, 2, 2, 2)
    assert torch.equal(hidden, hidden[:, :, :1, :, :1].expand_as(hidden))
    assert (hidden[:, :, 0, :, 0].flatten(1).sum(1) == 2).all()
    (view,) = scans.views(torch.arange(16), torch.Generator(), "plain")
    spans = made(scans, "patches", unit=4, hidden=0.5).draw(view, torch.Generator().manual_seed(0))
    assert (spans.sum(1) == 4).all()
    assert (spans.int().diff(dim=1).abs().sum(1) <= 2).all()


def test_an_encoder_that_cannot_replace_tokens_is_refused(digits):
    with pytest.raises(RecipeError, match="mask-replace"):
        made(digits, "resnet-narrow")
