"""Every joint method, with the numbers of its small recipe, learns from digits what its untrained encoder does not know."""

import math

import pytest
import torch

from selflearn import recipes
from selflearn.methods import Joint, find
from selflearn.views.image.presets import PRESETS

STEPS, BATCH, GAIN = 30, 96, 0.03


def four_labels(embedding, labels):
    """Nearest class mean with 4 labels a class, over 20 draws: the share of all samples that is right."""
    unit = torch.nn.functional.normalize(embedding - embedding.mean(0), dim=1)
    right = []
    for draw in range(20):
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(draw))
        means = torch.stack([unit[[row for row in order.tolist() if labels[row] == c][:4]].mean(0) for c in range(10)])
        right.append((torch.cdist(unit, means).argmin(1) == labels).float().mean())
    return float(torch.stack(right).mean())


def stage_of(name):
    return recipes.load(name, "small", kind="image").stages[0]


def for_digits(name):
    """Whether pictures without groups will do: some recipes are for tokens, views that only texts have, or data of participants."""
    stage = stage_of(name)
    named = stage.views["of"].values() if stage.views["name"] == "several" else [stage.views["name"]]
    return issubclass(find(stage.fit), Joint) and set(named) <= set(PRESETS) and stage.options.get("same", "sample") == "sample"


RECIPES = [entry.name for entry in recipes.entries() if entry.family == "joint" and for_digits(entry.name)]


@pytest.mark.parametrize("name", RECIPES)
def test_it_learns(digits, name):
    torch.manual_seed(100)
    stage = stage_of(name)
    encoder = digits.encoder()
    before = four_labels(digits.embed(encoder), digits.labels)
    options = stage.options | ({"samples": len(digits.values)} if "samples" in stage.options else {})
    method = find(stage.fit)(encoder, **options)
    lr = stage.settings.optimiser.lr
    trained = [weight for weight in method.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr)
    generator = torch.Generator().manual_seed(100)
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = lr * min((step + 1) / 5, (1 + math.cos(math.pi * step / STEPS)) / 2)
        rows = torch.randperm(len(digits.values), generator=generator)[:BATCH]
        views = digits.views(rows, generator, **stage.views)
        outcome = method.update(views, optimiser, generator, (step + 1) / STEPS)
    assert outcome.total.isfinite()
    after = four_labels(digits.embed(encoder), digits.labels)
    assert after > before + GAIN
