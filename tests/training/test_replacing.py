"""Units of little use are replaced: which ones, how many, and that a run with it resumes exactly."""

import pytest
import torch
from torch import nn

from selflearn.errors import RecipeError, RunError
from selflearn.training import FitSettings, ReplaceSettings, RunFolder, fit
from selflearn.training.replacing import Replacing


def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 10), nn.ReLU(), nn.Linear(10, 3))


def updates(model, made, count, optimiser=None):
    """So many updates of ordinary learning; how many units each replaced."""
    optimiser = optimiser or torch.optim.Adam(model.parameters(), lr=0.01)
    replaced = []
    with made.watching():
        for step in range(count):
            inputs = torch.randn(16, 4, generator=torch.Generator().manual_seed(step))
            optimiser.zero_grad()
            (model(inputs) - inputs[:, :3]).square().mean().backward()
            optimiser.step()
            replaced.append(made.after_update(step, optimiser))
    return replaced


def test_parts_of_a_unit_add_up_once_units_are_old_enough():
    model = net()
    replaced = updates(model, Replacing(model, ReplaceSettings(rate=0.025, maturity=5), 0), 21)
    assert replaced[:5] == [0] * 5
    assert replaced[8:10] == [1, 0]  # four updates of a quarter; then nine are old
    assert sum(replaced) == 3


def test_the_least_useful_goes_and_the_young_stay():
    model = net()
    with torch.no_grad():
        model[2].weight[:, 7] = 1e-6
    made = Replacing(model, ReplaceSettings(rate=0.1, maturity=0), 0)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.0)
    before = model[0].weight.detach().clone()
    assert updates(model, made, 1, optimiser) == [1]
    changed = (model[0].weight != before).any(1)
    assert changed.nonzero().flatten().tolist() == [7]
    assert not model[2].weight[:, 7].any()
    assert made.state[0]["age"][7] == 0
    young = Replacing(net(), ReplaceSettings(rate=0.5, maturity=10), 0)
    assert sum(updates(model, young, 10)) == 0


def test_a_new_unit_has_no_past_in_the_optimiser():
    model = net()
    made, optimiser = Replacing(model, ReplaceSettings(rate=0.1, maturity=20), 0), torch.optim.Adam(model.parameters(), lr=0.01)
    assert updates(model, made, 21, optimiser)[-1] == 1
    (which,) = (made.state[0]["age"] == 0).nonzero().flatten().tolist()
    for kept in ("exp_avg", "exp_avg_sq"):
        assert not optimiser.state[model[0].weight][kept][which].any()
        assert not optimiser.state[model[2].weight][kept][:, which].any()
        assert optimiser.state[model[0].weight][kept].any()
    updates(model, made, 15, optimiser)
    assert model[2].weight[:, which].abs().min() > 1e-3  # it learns to be of use


def test_evaluation_and_teachers_are_not_seen():
    model = net()
    made = Replacing(model, ReplaceSettings(rate=0.5, maturity=0), 0)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.0)
    with made.watching(), torch.no_grad():
        model(torch.randn(5, 4))
    assert made.after_update(0, optimiser) == 0


def settings(**changes):
    replace = {"rate": 0.02, "maturity": 3, "memory": 0.9}
    return FitSettings(batch=16, accumulate=2, budget="40steps", precision="32", device="cpu", replace_units=replace, **changes)


def weights(method):
    return torch.cat([tensor.flatten().double() for tensor in method.state_dict().values()])


@pytest.mark.parametrize("optimiser", ["adamw", "lars"])
def test_a_run_that_paused_ends_as_one_that_did_not(world, tmp_path, optimiser):
    ends = []
    for name, pauses in (("whole", [1.0]), ("paused", [0.3, 0.7, 1.0])):
        folder = RunFolder.create(tmp_path / name)
        for number, until in enumerate(pauses):
            method = world.method()
            chosen = settings(optimiser={"name": optimiser})
            fit(method, world.Vectors(), world.views, chosen, folder, resume=number > 0, until=until)
        ends.append(weights(method))
    assert torch.equal(*ends)
    plain = world.method()
    fit(plain, world.Vectors(), world.views, settings(optimiser={"name": optimiser}).model_copy(update={"replace_units": None}))
    assert not torch.equal(ends[0], weights(plain))


def test_what_cannot_be_done_is_told_before_learning(world, tmp_path):
    method = world.method()
    method.encoder.net, method.head, method.teacher = nn.Linear(8, 16), nn.Identity(), nn.Linear(8, 16)
    with pytest.raises(RecipeError, match="no hidden units"):
        fit(method, world.Vectors(), world.views, settings())
    folder = RunFolder.create(tmp_path / "run")
    fit(world.method(), world.Vectors(), world.views, settings().model_copy(update={"replace_units": None}), folder, until=0.5)
    with pytest.raises(RunError, match="other hidden units"):
        fit(world.method(), world.Vectors(), world.views, settings(), folder, resume=True)
    with pytest.raises(ValueError, match="replace_units looks between layers"):
        settings(compile=True)
