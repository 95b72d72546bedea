"""The experiments that ship are well stated, their stored results are whole, and a cheap one repeats."""

import pytest

from selflearn.evidence import check_results, stated
from selflearn.evidence.catalogue import catalogue
from selflearn.evidence.results import FOLDER, read_result, result_file
from selflearn.evidence.running import measure_cell
from selflearn.evidence.seal import digest

ALL = [entry.experiment for entry in stated().values()]


@pytest.mark.parametrize("experiment", ALL, ids=lambda each: each.name)
def test_an_experiment_is_about_known_systems_and_its_settings_resolve(experiment):
    for system in experiment.systems:
        assert catalogue()[system].standing == "open"
    for arm in experiment.arms.values():
        digest(arm.settings())
        assert all(file.is_file() for file in arm.files())


@pytest.mark.parametrize("experiment", ALL, ids=lambda each: each.name)
def test_a_claim_says_what_is_compared(experiment):
    assert len(experiment.claim.split()) >= 10
    whats = [contrast.what for contrast in experiment.contrasts]
    assert len(set(whats)) == len(whats)
    assert len(set(digest(arm.settings()) for arm in experiment.arms.values())) == len(experiment.arms), "two arms are the same"


def test_stored_results_are_sealed_stated_and_follow_from_their_numbers():
    assert {name: trouble for name, trouble in check_results() if trouble} == {}


@pytest.mark.skipif(not (FOLDER / "barlow-twins.quick.json").exists(), reason="not yet measured")
def test_a_cheap_result_repeats():
    result = read_result(result_file("barlow-twins", "quick"))
    experiment = stated()["barlow-twins"].experiment
    gains = []
    for scores in (
        lambda arm: result["arms"][arm]["scores"]["10"],
        lambda arm: measure_cell(experiment, experiment.quick, arm, 10, "measured").scores,
    ):
        gains.append(scores("batch of 32")["16 labels a class"] - scores("raw")["16 labels a class"])
    assert gains[1] == pytest.approx(gains[0], abs=0.02)
