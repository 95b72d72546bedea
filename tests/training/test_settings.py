"""Settings: unknown keys are refused, text becomes a budget, and a round through JSON changes nothing."""

import pytest
from pydantic import ValidationError

from selflearn.training import Budget, FitSettings, OptimiserSettings


def test_a_round_through_json_changes_nothing():
    settings = FitSettings(
        budget="10min", optimiser={"name": "lars", "lr": 0.2, "per": 256}, schedule={"shape": "linear"}, clip=1.0
    )
    plain = settings.model_dump(mode="json")
    assert plain["budget"] == "10min"
    assert FitSettings(**plain) == settings
    assert settings.budget == Budget(600, "seconds")


@pytest.mark.parametrize(
    "wrong",
    [
        {"bach": 64},
        {"batch": 1},
        {"optimiser": {"lr": 0}},
        {"optimiser": {"name": "adamax"}},
        {"combine": "mean"},
        {"schedule": {"warmup": 1.0}},
        {"schedule": {"shape": "infinite"}},  # exponential annealing never reaches the default final rate, 0
        {"schedule": {"shape": "infinite", "plateau": 0.2, "final": 0.3}},
        {"schedule": {"shape": "infinite", "warmup": 0.5, "cooldown": 0.5, "final": 0.1}},
        {"optimiser": {"layer_decay": 0.0}},
        {"budget": "soon"},
    ],
)
def test_the_impossible_is_refused(wrong):
    with pytest.raises(ValidationError):
        FitSettings(**wrong)


def test_a_rate_meant_for_a_batch_scales_with_it():
    assert OptimiserSettings(lr=0.3, per=256).scaled(0.3, 1024) == pytest.approx(1.2)
    assert OptimiserSettings(lr=0.3).scaled(0.3, 1024) == 0.3
