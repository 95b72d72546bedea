"""W-MSE: whitening alone keeps agreement from collapse, any number of views takes part, and parts are drawn from the generator."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.measures.rank import rankme
from selflearn.methods import find
from selflearn.objectives import whitened_mse


def made(digits, **options):
    torch.manual_seed(0)
    return find("WMSE")(digits.encoder(), **{"projector": [16, 8], "size": 0, **options}).eval()


def test_all_pairs_of_views_agree_after_whitening(digits):
    method = made(digits)
    views = digits.views(torch.arange(24), torch.Generator().manual_seed(0), "several", of={"a": "standard", "b": "weak"})
    wanted = whitened_mse(torch.stack([method.head(method.encoder(view).pooled) for view in views]))
    assert method(views, torch.Generator()).total.item() == pytest.approx(wanted.item(), rel=1e-3)


def test_parts_are_drawn_from_the_generator(digits):
    method, views = made(digits, size=12), digits.views(torch.arange(24), torch.Generator().manual_seed(0))
    losses = [method(views, torch.Generator().manual_seed(seed)).total.item() for seed in (1, 1, 2)]
    assert losses[0] == losses[1] != losses[2]
    many = made(digits, size=12, draws=20)(views, torch.Generator().manual_seed(3)).total.item()
    assert many == pytest.approx(sum(losses[1:]) / 2, rel=0.3)


def test_more_outputs_than_samples_are_refused_with_the_way_out(digits):
    made(digits, size=9).check_batch(64)
    with pytest.raises(RecipeError, match="8 outputs of 8 samples; raise batch and size above 8"):
        made(digits, size=8).check_batch(64)
    with pytest.raises(RecipeError, match="of 6 samples"):
        made(digits, size=9).check_batch(6)


def test_it_keeps_its_directions_while_it_learns_to_agree(digits):
    torch.manual_seed(0)
    method = find("WMSE")(digits.encoder(), projector=[32, 8], size=32)
    optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for step in range(30):
        rows = torch.randperm(1797, generator=generator)[:64]
        outcome = method.update(digits.views(rows, generator), optimiser, generator, step / 30)
        losses.append(outcome.total.item())
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])
    assert rankme(outcome.embedding) > 5
