"""The harness itself, on arms that cost nothing: resuming, sharing, deciding, sealing, checking, tuning."""

import json

import pytest

from selflearn.errors import RunError
from selflearn.evidence import (
    Computed,
    Contrast,
    Experiment,
    Learned,
    Measured,
    Size,
    Tuning,
    better,
    checking,
    running,
    sweep,
    tune,
)
from selflearn.evidence.catalogue import describe
from selflearn.evidence.checking import trouble
from selflearn.evidence.registry import Stated
from selflearn.evidence.results import read_result, result_file, stored
from selflearn.evidence.running import measure_cell, run_experiment
from selflearn.evidence.store import Store

CALLS = []


def work(job, gain=0.0):
    """Scores that depend on the seed and on the first sample's class."""
    CALLS.append((gain, job.seed))
    base = 0.5 + 0.01 * (job.seed % 7) + 0.001 * int(job.data.learn.labels[0])
    return Measured({"accuracy": base + gain * (1 + 0.1 * (job.seed % 3))})


def broken(job):
    """A collapsed arm."""
    CALLS.append(("broken", job.seed))
    return Measured({"accuracy": 0.1}, alarm="collapsed")


def spread(scores):
    """A contrast of its own."""
    return max(row["accuracy"] for row in scores.values()) - min(row["accuracy"] for row in scores.values())


def experiment(margin=0.02, **changes):
    fields = {
        "name": "gains",
        "systems": ("S029",),
        "claim": "gains",
        "data": "digits",
        "arms": {"gain": Computed(work, {"gain": 0.1}), "plain": Computed(work), "none": Computed(broken)},
        "contrasts": (better("gain", "plain", "accuracy", margin), Contrast("spread", 0.0, spread)),
        "seeds": range(10, 15),
        "quick": Size(100, "10steps", seeds=2),
        "full": Size(200, "20steps"),
        **changes,
    }
    return Experiment(**fields)


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """An experiment in a committed file; a store and a folder of results of their own."""
    CALLS.clear()

    class Lab:
        store, folder = Store(tmp_path / "store"), tmp_path / "results"

        def state(self, stated):
            file = tmp_path / "gains.py"
            file.write_text("stated")
            known = {stated.name: Stated(stated, file)}
            monkeypatch.setattr(running, "find", lambda name: known[name])
            monkeypatch.setattr(checking, "stated", lambda: known)
            return self

        def run(self, size="full", **more):
            return run_experiment("gains", size, store=self.store, folder=self.folder, **more)

    return Lab()


def test_a_run_decides_and_stores_a_sealed_result(lab):
    result = lab.state(experiment()).run()
    assert result["verdict"] == "holds"
    assert result["decided_by"] == "gain minus plain, accuracy"
    assert result["interval"][0] > 0.02
    assert result["seeds"] == [10, 11, 12, 13, 14]
    assert result["arms"]["none"]["alarms"]["10"] == "collapsed"
    file = result_file("gains", "full", lab.folder)
    assert read_result(file)["difference"] == result["difference"]
    assert trouble(file) == ""


@pytest.mark.parametrize("differing", [[], ["data/a.py"]])
def test_a_result_says_whether_its_code_was_committed(lab, monkeypatch, differing):
    monkeypatch.setattr(running, "uncommitted", lambda: differing)
    result = lab.state(experiment()).run()
    assert result["dirty"] is bool(differing)
    assert ("code that was not committed" in describe(result)) is bool(differing)


def test_what_was_measured_is_not_measured_again(lab):
    lab.state(experiment()).run()
    assert len(CALLS) == 15
    lab.run()
    assert len(CALLS) == 15


def test_a_run_that_was_cut_off_goes_on(lab):
    lab.state(experiment())

    def stop(what, done, total):
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lab.run(report=stop)
    assert len(CALLS) == 7
    lab.run()
    assert len(CALLS) == 15


def test_another_experiment_shares_equal_arms(lab):
    lab.state(experiment()).run()
    lab.state(experiment(margin=0.03)).run()
    assert len(CALLS) == 15


def test_sizes_seeds_and_settings_keep_apart(lab):
    lab.state(experiment()).run()
    lab.run("quick")
    assert len(CALLS) == 15 + 6
    lab.state(experiment(arms={"gain": Computed(work, {"gain": 0.2}), "plain": Computed(work)})).run()
    assert len(CALLS) == 15 + 6 + 5


def test_a_damaged_value_is_measured_again(lab):
    lab.state(experiment()).run()
    next(lab.store.folder.rglob("*.json")).write_text("{")
    lab.run()
    assert len(CALLS) == 16


def test_a_changed_statement_makes_a_result_stale_and_is_remembered(lab):
    file = result_file("gains", "full", lab.folder)
    first = lab.state(experiment()).run()
    lab.state(experiment(margin=0.5))
    assert "statement has changed" in trouble(file)
    second = lab.run()
    assert second["verdict"] == "does not hold"
    assert trouble(file) == ""
    assert [old["verdict"] for old in read_result(file)["earlier"]] == ["holds"]
    assert read_result(file)["earlier"][0]["statement"] == first["statement"]["hash"]


def test_a_verdict_that_its_numbers_do_not_give_is_found(lab):
    from selflearn.evidence.seal import seal

    lab.state(experiment()).run()
    file = result_file("gains", "full", lab.folder)
    forged = {**read_result(file), "verdict": "does not hold"}
    file.write_text(json.dumps(forged))
    assert "seal is broken" in trouble(file)
    file.write_text(json.dumps(seal(forged)))
    assert "its own numbers give 'holds'" in trouble(file)


def test_an_uncommitted_statement_is_not_measured(lab, monkeypatch):
    def refuse(files):
        raise RunError("commit them first")

    lab.state(experiment())
    monkeypatch.setattr(running, "committed", refuse)
    with pytest.raises(RunError, match="commit"):
        lab.run()
    assert not CALLS
    assert not lab.folder.exists()


def test_tuning_leaves_no_result_and_sees_other_samples(lab):
    trial = tune(experiment(), Size(100, "10steps"), seeds=(100, 101), store=lab.store)
    assert len(trial.contrasts["gain minus plain, accuracy"]) == 2
    assert not lab.folder.exists()
    with pytest.raises(RunError, match="tuning takes seeds of 100"):
        tune(experiment(), Size(100, "10steps"), seeds=(10,), store=lab.store)


def tuned(**changes):
    stated = {"setting": "rate", "grid": (1.0, 2.0), "seeds": range(100, 102), "judged": {"a": "accuracy"}, "chosen": {"a": 2.0}}
    return Tuning(**{**stated, **changes})


def test_a_stated_tuning_is_part_of_the_statement_and_must_be_what_runs():
    arms = {"a": Learned("simclr", {"rate": 2.0}), "b": Learned("simclr")}
    known = {"arms": arms, "contrasts": (better("a", "b", "accuracy", 0.0),)}
    one, two = experiment(**known, tuning=tuned()), experiment(**known, tuning=tuned(grid=(1.0, 2.0, 4.0)))
    assert one.fingerprint() != two.fingerprint()
    assert one.state()["tuning"]["chosen"] == {"a": 2.0}
    for wrong in ({"chosen": {"a": 1.0}}, {"chosen": {"b": 2.0}}, {"grid": (1.0,)}):
        with pytest.raises(RunError, match="and tuning chose"):
            experiment(**known, tuning=tuned(**wrong))
    with pytest.raises(RunError, match="seeds of 100"):
        experiment(**known, tuning=tuned(seeds=range(10, 12)))


def test_a_sweep_chooses_the_best_of_the_grid_on_development_data(lab, monkeypatch):
    seen = []

    def score(self, job):
        seen.append((job.seed, len(job.data.test)))
        return Measured({"accuracy": -abs(self.changes["optimiser.lr"] - 0.002) + 0.0001 * (job.seed % 2)})

    monkeypatch.setattr(Learned, "run", score)
    arms = {"a": Learned("simclr", {"optimiser.lr": 0.001}), "b": Computed(work)}
    found = sweep(
        experiment(
            arms=arms,
            contrasts=(better("a", "b", "accuracy", 0.0),),
            tuning=tuned(setting="optimiser.lr", grid=(0.001, 0.002, 0.003), chosen={"a": 0.001}),
        ),
        store=lab.store,
    )
    assert found.chosen == {"a": 0.002}
    assert found.means["a"][0.001] == pytest.approx(-0.001 + 0.00005)
    assert {seed for seed, _ in seen} == {100, 101}
    assert len(seen) == 6
    with pytest.raises(RunError, match="states no tuning"):
        sweep(experiment())


def test_without_a_store_a_value_is_measured_anew(lab):
    stated = experiment()
    one, two = (measure_cell(stated, stated.quick, "gain", 10, "measured") for _ in range(2))
    assert one.scores == two.scores
    assert len(CALLS) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": range(98, 103)}, "seeds lie below 100"),
        ({"seeds": range(10, 14)}, "at least 5 seeds"),
        ({"full": Size(200, "20steps", seeds=4)}, "at least 5 seeds"),
        ({"contrasts": ()}, "at least one contrast"),
    ],
)
def test_a_statement_that_cannot_decide_is_refused(changes, message):
    with pytest.raises(RunError, match=message):
        experiment(**changes)


def test_a_budget_in_time_is_refused():
    with pytest.raises(RunError, match="cannot be repeated"):
        Size(100, "30s")


def test_the_fingerprint_is_of_what_is_stated():
    assert experiment().fingerprint() == experiment().fingerprint()
    for change in ({"margin": 0.03}, {"claim": "more"}, {"seeds": range(11, 16)}, {"quick": Size(101, "10steps", seeds=2)}):
        assert experiment(**change).fingerprint() != experiment().fingerprint()


def test_full_and_quick_results_are_told_apart(lab):
    lab.state(experiment()).run("quick")
    assert stored("full", lab.folder) == []
    assert [result["size"] for result in stored("quick", lab.folder)] == ["quick"]


def test_values_of_other_code_are_measured_again(lab, monkeypatch):
    lab.state(experiment()).run()
    monkeypatch.setattr(running, "code_version", lambda families: "another version")
    result = lab.run()
    assert len(CALLS) == 30
    assert result["arms"]["gain"]["code"] == ["another version"]
