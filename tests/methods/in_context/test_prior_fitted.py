"""Prior-fitted networks: the loss in closed form, and that a minute's work brings answers that a mean and variance cannot give."""

import math

import numpy as np
import pytest
import torch

from selflearn import recipes
from selflearn.data import read
from selflearn.evaluation import rivals_of
from selflearn.methods import find
from selflearn.networks import build
from selflearn.training import Budget
from selflearn.workflow.answering import answer, as_told


@pytest.fixture(scope="module")
def lines():
    return read("prior:gp", more={"points": 16, "length": [0.4, 0.4], "bars": 30, "tasks": 20_000})


def test_a_network_that_knows_nothing_pays_for_the_widths_of_the_bars(lines):
    torch.manual_seed(0)
    encoder = build(lines.spec, "set-transformer", width=16, depth=1, heads=2)
    torch.nn.init.zeros_(encoder.answer[-1].weight)
    torch.nn.init.zeros_(encoder.answer[-1].bias)
    batch = lines.batch(np.arange(64))
    inner = (batch.targets > lines.spec.borders[1]) & (batch.targets < lines.spec.borders[-2])
    batch = batch.replace(targets=torch.where(inner, batch.targets, 0.0))
    place = torch.bucketize(batch.targets[batch.asked], torch.tensor(lines.spec.borders)) - 1
    wanted = math.log(30) + torch.tensor(lines.spec.borders).diff()[place].log().mean().item()
    assert find("PriorFitted")(encoder)([batch], torch.Generator()).total.item() == pytest.approx(wanted, rel=1e-4)


def test_it_learns_to_use_the_inputs(lines):
    recipe = recipes.load("prior-fitted", "small", {"encoder": {"width": 32, "depth": 2}, "batch": 32}, "task")
    encoder = recipes.build_encoder(recipe.stages[0], lines.spec, 0, accelerator=False)
    outcome = recipes.run_plan(recipe, lines, encoder, Budget.parse("150steps"), 0, device="cpu", precision="32")
    assert outcome.alarm is None
    batch = lines.batch(np.arange(19_000, 19_200))
    rival = rivals_of(as_told(batch, 0))["mean and variance"]
    gains = [ours.mean() - theirs.mean() for ours, theirs in zip(answer(encoder, batch, "cpu"), rival, strict=True)]
    assert np.mean(gains) > 0.1
