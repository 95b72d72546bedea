"""A damaged config.yaml is one clear error, whatever reads it."""

from __future__ import annotations

import pytest
import yaml

from selflearn import recipes
from selflearn.errors import RecipeError, RunError
from selflearn.training import RunFolder
from selflearn.workflow import load, resume
from selflearn.workflow.request import Request, read_config


@pytest.fixture
def folder(tmp_path):
    made = RunFolder.create(tmp_path / "run")
    recipe = recipes.load("simclr", "small").model_dump(mode="json")
    made.write_yaml("config.yaml", {"request": Request.of(source="digits", seed=3).model_dump(), "recipe": recipe})
    return made


def test_what_was_written_is_read(folder):
    request, recipe = read_config(folder)
    assert (request.source, request.seed) == ("digits", 3)
    assert recipe == recipes.load("simclr", "small")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda config: "text", "it has no request"),
        (lambda config: {**config, "request": None}, "it has no request"),
        (lambda config: {**config, "recipe": ["SimCLR"]}, "it has no recipe"),
        (lambda config: {**config, "request": {1: 2}}, "it has no request"),
        (lambda config: {**config, "request": {"sauce": "digits"}}, "no setting 'sauce'; did you mean 'source'"),
        (lambda config: {**config, "request": {**config["request"], "seed": -1}}, "seed = -1"),
        (lambda config: {**config, "recipe": {**config["recipe"], "stages": []}}, "stages"),
        (lambda config: {**config, "recipe": {"name": "simclr"}}, "Field required"),
    ],
)
def test_what_is_damaged_is_said_before_any_work(folder, harm, words):
    file = folder.file("config.yaml")
    file.write_text(yaml.safe_dump(harm(yaml.safe_load(file.read_text()))))
    for read in (
        lambda: read_config(folder),
        lambda: resume(folder.path),
        lambda: (load(folder.path).request, load(folder.path).recipe),
    ):
        with pytest.raises(RunError, match=r"config\.yaml is damaged: .*start a new run") as told:
            read()
        assert words in str(told.value)


def test_a_misspelt_setting_of_a_person_is_no_damage():
    with pytest.raises(RecipeError, match="did you mean 'budget'"):
        Request.of(source="digits", bugdet="1min")
