"""Every joint method, with the numbers of its small recipe, learns from digits what its untrained encoder does not know."""

import math
from pathlib import Path

import pytest
import torch
import yaml

import selflearn.recipes
from selflearn.methods import find
from selflearn.views.image.presets import PRESETS

SHELVES = Path(selflearn.recipes.__file__).parent
STEPS, BATCH, GAIN = 30, 96, 0.03
FIT_KEYS = {"fit", "views", "optimiser", "schedule", "batch"}


def four_labels(embedding, labels):
    """Nearest class mean with 4 labels a class, over 20 draws: the share of all samples that is right."""
    unit = torch.nn.functional.normalize(embedding - embedding.mean(0), dim=1)
    right = []
    for draw in range(20):
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(draw))
        means = torch.stack([unit[[row for row in order.tolist() if labels[row] == c][:4]].mean(0) for c in range(10)])
        right.append((torch.cdist(unit, means).argmin(1) == labels).float().mean())
    return float(torch.stack(right).mean())


def recipe(path):
    raw = yaml.safe_load(path.read_text())
    return {**raw["stages"][0], **raw["presets"]["small"]}


# A recipe with views that only some kinds of data have, such as texts, is not for pictures.
RECIPES = [path for path in sorted((SHELVES / "joint").glob("*.yaml")) if recipe(path).get("views", "standard") in PRESETS]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_it_learns(digits, path):
    torch.manual_seed(100)
    stage = recipe(path)
    encoder = digits.encoder()
    before = four_labels(digits.embed(encoder), digits.labels)
    options = {key: value for key, value in stage.items() if key not in FIT_KEYS}
    method = find(stage["fit"])(encoder, **options)
    lr = stage["optimiser"]["lr"]
    trained = [weight for weight in method.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr)
    generator = torch.Generator().manual_seed(100)
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = lr * min((step + 1) / 5, (1 + math.cos(math.pi * step / STEPS)) / 2)
        rows = torch.randperm(len(digits.values), generator=generator)[:BATCH]
        views = digits.views(rows, generator, stage.get("views", "standard"))
        outcome = method.update(views, optimiser, generator, (step + 1) / STEPS)
    assert outcome.total.isfinite()
    after = four_labels(digits.embed(encoder), digits.labels)
    assert after > before + GAIN
