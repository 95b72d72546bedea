"""`fit`: budgets, schedules, notes, what is refused, and that nothing is left behind that was not asked for."""

import functools
import os
import random
import signal
import warnings

import numpy as np
import pytest
import torch

from selflearn.errors import DataError, RecipeError, RunError
from selflearn.training import FitSettings, RunFolder, fit, read_metrics


def settings(**changes):
    return FitSettings(**{"batch": 16, "budget": "12steps", "precision": "32", "device": "cpu", **changes})


def learn(world, folder=None, samples=64, method=None, resume=False, report=None, **changes):
    method = method or world.method()
    return method, fit(method, world.Vectors(samples), world.views, settings(**changes), folder, resume=resume, report=report)


def weights(method):
    return torch.cat([tensor.flatten().double() for tensor in method.state_dict().values()])


@pytest.mark.parametrize(("budget", "steps"), [("12steps", 12), ("3epochs", 12), ("100samples", 7), ("0.001s", 1)])
def test_a_budget_ends_the_stage(world, budget, steps):
    _, outcome = learn(world, budget=budget)
    assert (outcome.step, outcome.ended, outcome.alarm) == (steps, "budget", None)
    assert outcome.samples == 16 * steps


def test_it_learns(world):
    seen = []
    learn(world, budget="200steps", optimiser={"lr": 0.01}, report=seen.append)
    _, start = learn(world, budget="1steps")
    assert seen[-1].loss < 0.7 * start.loss
    assert seen[-1].share == 1
    assert 1 <= seen[-1].rank <= 16


def test_weights_are_a_function_of_the_seed(world):
    first, again, other = (weights(learn(world, seed=seed)[0]) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_accumulated_micro_batches_make_one_step(world):
    _, outcome = learn(world, accumulate=4, budget="3steps")
    assert (outcome.step, outcome.samples) == (3, 3 * 4 * 16)


def test_a_finished_stage_that_is_passed_over_leaves_the_metrics_of_the_next(world, tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    for stage in (0, 1):
        fit(world.method(), world.Vectors(), world.views, settings(), folder, stage=stage)
    before = read_metrics(folder)
    fit(world.method(), world.Vectors(), world.views, settings(), folder, stage=0, resume=True)
    assert {row["stage"] for row in before} == {0, 1}
    assert read_metrics(folder) == before


def test_the_rate_follows_the_budget(world, tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    learn(world, folder, monitor_every=1, budget="10steps", optimiser={"lr": 0.1}, schedule={"warmup": 0.0, "shape": "linear"})
    rows = read_metrics(folder)
    assert [row["lr"] for row in rows] == pytest.approx([0.1 * (1 - step / 10) for step in range(10)])
    assert rows[-1].keys() >= {"stage", "step", "samples", "epoch", "seconds", "follow", "total", "grad_norm", "deviation", "rank"}
    assert [row["epoch"] for row in rows] == pytest.approx([step / 4 for step in range(1, 11)])


def test_clipping_bounds_the_step(world):
    moved, _ = learn(world, clip=1e-3, optimiser={"name": "sgd", "lr": 1.0, "momentum": 0, "weight_decay": 0}, budget="1steps")
    pairs = zip(moved.head.parameters(), world.method().head.parameters(), strict=True)
    change = sum(float((new - old).detach().square().sum()) for new, old in pairs) ** 0.5
    assert 0 < change <= 1e-3


def test_a_small_data_set_lowers_the_batch_and_says_so(world):
    _, outcome = learn(world, samples=20)
    assert outcome.batch == 10
    assert any("batch lowered from 16 to 10" in note for note in outcome.notes)


def test_a_batch_may_hold_all_samples_where_any_batch_holds_all_the_data(world):
    dataset = world.Vectors(20)
    dataset.shared = True
    outcome = fit(world.method(), dataset, world.views, settings())
    assert outcome.batch == 10, "16 were asked for, not all"
    outcome = fit(world.method(), dataset, world.views, settings(batch=64))
    assert outcome.batch == 20
    assert not any("batch lowered" in note for note in outcome.notes)


def test_what_cannot_work_is_refused_before_work(world):
    with pytest.raises(DataError, match="too few"):
        learn(world, samples=3)
    with pytest.raises(RecipeError, match="no trainable"):
        learn(world, method=world.method().requires_grad_(False))
    with pytest.raises(RecipeError, match="CUDA"):
        learn(world, precision="16")


def global_state():
    return torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002


def test_it_leaves_no_trace_that_was_not_asked_for(world, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    method = world.method()
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    before = global_state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        learn(world, method=method)
    assert global_state() == before
    assert not list(tmp_path.iterdir())
    assert capfd.readouterr() == ("", "")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_the_method_comes_back_in_eval_mode(world):
    method, _ = learn(world)
    assert not any(module.training for module in method.modules())


@pytest.mark.parametrize(("number", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_signal_saves_and_the_run_can_go_on(world, tmp_path, number, raised):
    folder = RunFolder.create(tmp_path / "run")
    whole, _ = learn(world)

    def interrupt(progress):
        os.kill(os.getpid(), number)

    class Interrupting(world.Follow):
        def after_update(self, progress):
            super().after_update(progress)
            if progress == 0.5:
                interrupt(progress)

    torch.manual_seed(0)
    method = Interrupting(world.VectorEncoder())
    with pytest.raises(raised):
        learn(world, folder, method=method)
    resumed, outcome = learn(world, folder, resume=True)
    assert outcome.step == 12
    assert torch.equal(weights(resumed), weights(whole))


def test_a_finished_stage_is_passed_over(world, tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    whole, first = learn(world, folder)
    again, second = learn(world, folder, resume=True)
    assert torch.equal(weights(again), weights(whole))
    assert (second.step, second.loss) == (first.step, first.loss)


def test_time_used_before_counts(world, tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    _, first = learn(world, folder, budget="0.2s")
    _, second = learn(world, folder, budget="0.4s", resume=True)
    assert second.step > first.step
    assert 0.4 <= second.seconds < 0.6


def test_a_checkpoint_of_another_method_is_refused(world, tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    learn(world, folder)
    torch.manual_seed(0)
    other = world.Follow(world.VectorEncoder(dim=7))
    with pytest.raises(RunError, match="does not fit"):
        learn(world, folder, method=other, resume=True)


def test_a_full_disk_costs_checkpoints_and_not_the_run(world, tmp_path, monkeypatch):
    folder = RunFolder.create(tmp_path / "run")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    _, outcome = learn(world, folder, checkpoint_every=1e-9)
    assert outcome.step == 12
    assert outcome.checkpoint_failures == 12
    assert [note for note in outcome.notes if "disk full" in note] == [
        "12 checkpoints and 0 rows of the metrics could not be written; is the disk full?"
    ]


def test_a_run_in_use_is_refused(world, tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    with folder.lock():
        learn(world, folder)  # its owner may
        with pytest.raises(RunError, match="in use"):
            learn(world, RunFolder.open(folder.path))


def test_worker_processes_change_nothing(world):
    class Streamed(world.Vectors):
        streamed = True

    method = world.method()
    fit(method, Streamed(), world.views, settings(workers=2))
    assert torch.equal(weights(method), weights(learn(world)[0]))


def test_a_reading_process_that_is_killed_is_told_as_such(world):
    class Killed(world.Vectors):
        streamed = True

        def batch(self, indices):
            if torch.utils.data.get_worker_info() is not None:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().batch(indices)

    with pytest.raises(RunError, match="a process that reads the data has ended.* --set workers=1.* --resume RUN"):
        fit(world.method(), Killed(), world.views, settings(workers=1))


def test_a_compiled_encoder_learns_as_one_that_is_not(world, monkeypatch):
    monkeypatch.setattr(torch, "compile", functools.partial(torch.compile, backend="eager"))  # traced, but not built
    ends = []
    for compiled in (False, True):
        method = world.method()
        settings = FitSettings(batch=16, budget="6steps", precision="32", device="cpu", compile=compiled)
        fit(method, world.Vectors(), world.views, settings)
        assert method.encoder._compiled_call_impl is None
        ends.append(method.state_dict())
    assert all(torch.allclose(ends[0][name], ends[1][name], atol=1e-5) for name in ends[0])


def test_where_nothing_can_be_compiled_learning_goes_on_and_says_so(world, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("no C++ compiler here")

    monkeypatch.setattr(torch, "compile", broken)
    settings = FitSettings(batch=16, budget="2steps", precision="32", device="cpu", compile=True)
    outcome = fit(world.method(), world.Vectors(), world.views, settings)
    assert outcome.step == 2
    assert "not compiled: no C++ compiler here" in outcome.notes


def test_a_pause_changes_nothing(world, tmp_path):
    whole, _ = learn(world, budget="30steps")
    folder = RunFolder.create(tmp_path / "run")
    for until, steps, ended in ((0.2, 6, "paused"), (0.2, 6, "paused"), (0.5, 15, "paused"), (1.0, 30, "budget")):
        method = world.method()
        outcome = fit(method, world.Vectors(), world.views, settings(budget="30steps"), folder, resume=True, until=until)
        assert (outcome.step, outcome.ended) == (steps, ended)
    assert torch.equal(weights(method), weights(whole))


def test_one_process_is_told_that_it_shares_with_nobody(world):
    settings = FitSettings(batch=16, budget="2steps", precision="32", device="cpu", strategy="fsdp")
    outcome = fit(world.method(), world.Vectors(), world.views, settings)
    assert any("this is the only one" in note for note in outcome.notes)
