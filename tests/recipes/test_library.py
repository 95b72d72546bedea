"""Every recipe on the shelf is whole: it parses in every preset, says where it comes from, and names a method of its own file."""

from __future__ import annotations

import pytest

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.recipes import choose, default_preset, entries, load, presets_of, shelf


@pytest.mark.parametrize("name", sorted(shelf()))
def test_every_recipe_parses_in_every_preset(name):
    for preset in (None, *presets_of(name)):
        recipe = load(name, preset)
        assert recipe.summary.endswith(".")
        if recipe.source is None:
            assert recipe.system is None, "a system of the catalogue names its publication"
        else:
            assert {"small", "published"} <= set(presets_of(name))
        assert all(find(stage.fit) for stage in recipe.fits)


def test_the_shelf_is_listed_by_family():
    listed = entries()
    assert {"joint", "masked"} <= {entry.family for entry in listed}
    assert [entry.name for entry in listed if entry.system == "S029"] == ["barlow-twins"]


def test_a_name_that_is_not_there_brings_the_nearest():
    with pytest.raises(RecipeError, match="did you mean 'barlow-twins'"):
        load("barlow-twin")


def test_a_file_of_ones_own(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("summary: mine\nstages:\n  - fit: VICReg\n    batch: 32\n")
    assert load(path).stages[0].settings.batch == 32
    path.write_text("summary: [mine\n")
    with pytest.raises(RecipeError, match="YAML"):
        load(path)
    with pytest.raises(RecipeError, match="no recipe file"):
        load(tmp_path / "absent.yaml")


def test_a_key_that_stands_twice_is_refused_where_yaml_would_keep_the_last(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("summary: mine\nstages:\n  - fit: VICReg\n    batch: 32\n    batch: 64\n")
    with pytest.raises(RecipeError, match="line 3 begins a mapping that has 'batch' twice"):
        load(path)


def test_a_recipe_cannot_run_code(tmp_path):
    path = tmp_path / "stranger.yaml"
    mark = tmp_path / "ran"
    path.write_text(f"summary: !!python/object/apply:os.system ['touch {mark}']\nstages: []\n")
    with pytest.raises(RecipeError):
        load(path)
    assert not mark.exists()


@pytest.mark.parametrize("accelerator", [False, True])
@pytest.mark.parametrize("kind", ["image", "table", "task"])
def test_every_kind_has_a_default_that_loads(kind, accelerator):
    choice = choose(kind, 1000, accelerator)
    assert load(choice.recipe, choice.preset)
    assert choice.why


def test_the_preset_follows_the_machine():
    assert default_preset(("small", "published"), accelerator=False) == "small"
    assert default_preset(("small", "published"), accelerator=True) == "published"
    assert default_preset((), accelerator=True) is None


def test_the_form_of_data_decides_where_a_rule_asks_for_it():
    chosen = {form: choose("text", 1000, False, form=form).recipe for form in ("short", "long", "symbols", "")}
    assert chosen == {"short": "autoencoder", "long": "simclr", "symbols": "simclr", "": "simclr"}
    assert choose("text", 1000, True, form="short").recipe == "simclr"


def test_numbers_of_each_kind_reach_it_in_the_small_preset():
    kinds = {kind: load("simclr", "small", kind=kind).stages[0] for kind in ("series", "sound", "graph")}
    assert kinds["series"].encoder["parts"] == 3
    assert (kinds["sound"].settings.batch, kinds["graph"].settings.batch) == (128, 1024)


def test_whole_graphs_are_learned_from_otherwise_than_the_nodes_of_one():
    assert choose("graph", 1000, False, form="graph").recipe == "graph-mae"
    assert choose("graph", 1000, False, form="node").recipe == "barlow-twins"
