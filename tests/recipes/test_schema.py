"""A recipe is checked whole before any work, and an error names the key and the nearest right one."""

from __future__ import annotations

import pytest

from selflearn.errors import RecipeError
from selflearn.recipes.schema import merge, parse_recipe


def recipe(**stage):
    return {"summary": "a test", "stages": [{"fit": "BarlowTwins", **stage}]}


def parse(raw, **keywords):
    return parse_recipe(raw, "test", "own", **keywords)


def test_settings_of_the_method_stand_beside_those_of_the_stage():
    stage = parse(recipe(redundancy=0.01, batch=64, optimiser={"name": "sgd", "lr": 0.5})).stages[0]
    assert stage.options["redundancy"] == 0.01
    assert (stage.settings.batch, stage.settings.optimiser.name, stage.settings.optimiser.lr) == (64, "sgd", 0.5)


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ({"redundency": 0.1}, "redundancy"),
        ({"optimizer": {"lr": 0.1}}, "optimiser"),
        ({"optimiser": {"learning_rate": 0.1}}, "optimiser.learning_rate"),
        ({"optimiser": {"momentun": 0.1}}, "momentum"),
        ({"redundancy": "much"}, "redundancy"),
        ({"batch": 0}, "batch"),
        ({"optimiser": {"name": "adamw", "lr": -1}}, "optimiser.lr"),
    ],
)
def test_a_wrong_key_or_value_is_named(stage, said):
    with pytest.raises(RecipeError, match=said):
        parse(recipe(**stage))


def test_a_wrong_key_of_the_source_brings_the_nearest():
    source = {"authors": "A", "title": "T", "year": 2020, "link": "x"}
    with pytest.raises(RecipeError, match="source.link.*url"):
        parse({**recipe(), "source": source})


def test_a_method_that_is_not_there_brings_the_nearest():
    with pytest.raises(RecipeError, match="BarlowTwins|barlow"):
        parse({"summary": "", "stages": [{"fit": "BarlowTwin"}]})


@pytest.mark.parametrize("raw", [None, [], {"stages": []}, {"stages": [{}]}, {"summary": "x", "stage": []}])
def test_what_is_no_recipe_is_refused(raw):
    with pytest.raises(RecipeError):
        parse(raw)


def test_a_preset_lies_over_the_stage_and_a_change_over_both():
    raw = {**recipe(redundancy=0.1, batch=64), "presets": {"small": {"redundancy": 0.2, "batch": 32}}}
    assert parse(raw).stages[0].options["redundancy"] == 0.1
    small = parse(raw, preset="small", changes={"redundancy": 0.3}).stages[0]
    assert (small.options["redundancy"], small.settings.batch) == (0.3, 32)
    with pytest.raises(RecipeError, match="small"):
        parse(raw, preset="smal")


def test_a_change_reaches_into_a_mapping_and_an_unknown_one_is_refused():
    stage = parse(recipe(encoder="resnet18"), changes={"optimiser.lr": 0.25, "encoder.width": 8}).stages[0]
    assert stage.settings.optimiser.lr == 0.25
    assert stage.encoder == {"name": "resnet18", "width": 8}
    with pytest.raises(RecipeError, match="redundancy"):
        parse(recipe(), changes={"redundanc": 1})


def test_another_name_replaces_a_mapping_whole():
    base = {"optimiser": {"name": "lars", "lr": 0.2, "trust": 0.01}}
    assert merge(base, {"optimiser": {"name": "adamw", "lr": 1e-3}}) == {"optimiser": {"name": "adamw", "lr": 1e-3}}


def test_a_recipe_survives_being_stored():
    from selflearn.recipes import Recipe

    first = parse(recipe(redundancy=0.01))
    assert Recipe(**first.model_dump(mode="json")) == first


def test_a_kind_of_data_has_its_own_numbers_and_the_preset_the_last_word():
    raw = recipe(redundancy=0.01, batch=64)
    raw["kinds"] = {"table": {"batch": 32, "redundancy": 0.02}}
    raw["presets"] = {"small": {"redundancy": 0.03, "kinds": {"image": {"encoder": "resnet18"}, "table": {"batch": 16}}}}
    plain, table, small, both = (
        parse(raw, preset=preset, kind=kind).stages[0]
        for preset, kind in ((None, None), (None, "table"), ("small", None), ("small", "table"))
    )
    numbers = [(stage.settings.batch, stage.options["redundancy"]) for stage in (plain, table, small, both)]
    assert numbers == [(64, 0.01), (32, 0.02), (64, 0.03), (16, 0.03)]
    assert parse(raw, preset="small", kind="image").stages[0].encoder == {"name": "resnet18"}


@pytest.mark.parametrize(
    ("kinds", "said"), [({"tabel": {}}, "did you mean 'table'"), ({"table": 3}, "'kinds' maps"), ([], "'kinds'")]
)
def test_kinds_must_be_known_kinds(kinds, said):
    raw = {**recipe(), "kinds": kinds}
    if not kinds:
        raw["kinds"] = ["table"]
    with pytest.raises(RecipeError, match=said):
        parse(raw, kind="table")


def test_every_shipped_recipe_holds_for_every_kind_of_data_and_preset():
    from selflearn.data import KINDS
    from selflearn.recipes import entries, load

    for entry in entries():
        for preset in (None, *entry.presets):
            for kind in KINDS:
                assert load(entry.name, preset, kind=kind).stages
