"""Every recipe on sound, without a line of any method changed."""

from __future__ import annotations

import pytest
import torch

from selflearn import recipes
from selflearn.data.sound import SoundSpec
from selflearn.views import made_up, make_views

SPEC = SoundSpec(rate=8000, length=4000, usual=3200, varies=True)
RECIPES = ["simclr", "barlow-twins", "vicreg", "byol", "simsiam", "swav", "dino", "lejepa", "mae", "data2vec", "tera"]


@pytest.mark.parametrize("name", RECIPES)
def test_an_update(name: str) -> None:
    stage = recipes.load(name, "small", kind="sound").stages[0]
    encoder = recipes.build_encoder(stage, SPEC, 0, accelerator=False)
    method = recipes.build_method(stage, encoder, 0)
    generator = torch.Generator().manual_seed(0)
    views = make_views(made_up(SPEC, 6), recipes.build_views(stage, SPEC), generator)
    before = [weight.detach().clone() for weight in encoder.parameters()]
    outcome = method.update(views, torch.optim.SGD(method.parameters(), lr=0.1), generator)
    assert outcome.total.isfinite()
    assert any(not torch.equal(a, b) for a, b in zip(before, encoder.parameters(), strict=True))


def test_the_default_recipe() -> None:
    choice = recipes.choose("sound", 3000, accelerator=False)
    assert choice.preset in recipes.presets_of(choice.recipe)
