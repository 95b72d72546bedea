"""E2MC: VICReg until it is time, then also towards even outputs that are unrelated."""

import pytest
import torch

from selflearn.methods import find
from selflearn.objectives import covariance, marginal_entropy


def made(digits, name="E2MC", **options):
    torch.manual_seed(0)
    return find(name)(digits.encoder(), projector=[16, 8], **options).eval()


def views_of(digits):
    return digits.views(torch.arange(30), torch.Generator().manual_seed(0))


def test_it_is_vicreg_until_it_is_time(digits):
    views = views_of(digits)
    method, plain = made(digits, after=0.9), made(digits, "VICReg")
    outcome = method(views, torch.Generator())
    assert outcome.total.item() == pytest.approx(plain(views, torch.Generator()).total.item(), rel=1e-5)
    method.after_update(0.89)
    assert method(views, torch.Generator()).losses["entropy"].item() == 0.0
    method.after_update(0.9)
    assert method(views, torch.Generator()).losses["entropy"].item() != 0.0


def test_then_entropy_and_covariance_in_the_cube_join_in(digits):
    views = views_of(digits)
    method = made(digits, after=0.0, entropy=10.0, dependence=2.0)
    cubes = [method.head(method.encoder(view).pooled).sigmoid() for view in views]
    losses = method(views, torch.Generator()).losses
    assert losses["entropy"].item() == pytest.approx(-10 * sum(marginal_entropy(cube).item() for cube in cubes) / 2, rel=1e-4)
    assert losses["dependence"].item() == pytest.approx(2 * sum(covariance(cube).item() for cube in cubes), rel=1e-4)


def test_it_evens_outputs_out(digits):
    entropies = {}
    for weight in (0.0, 100.0):
        torch.manual_seed(0)
        method = find("E2MC")(digits.encoder(), projector=[32, 16], after=0.0, entropy=weight)
        optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
        generator = torch.Generator().manual_seed(0)
        for step in range(30):
            rows = torch.randperm(1797, generator=generator)[:64]
            outcome = method.update(digits.views(rows, generator), optimiser, generator, step / 30)
        entropies[weight] = float(marginal_entropy(outcome.embedding.sigmoid()))
    assert entropies[100.0] > entropies[0.0] + 0.1
