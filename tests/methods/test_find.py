"""Finding methods: any spelling of the file name, one's own by module and class, and clear words for what is not there."""

import sys

import pytest
import yaml

from selflearn.errors import RecipeError
from selflearn.methods import Joint, Method, find, methods
from selflearn.methods.find import ROOM
from selflearn.methods.joint.barlow_twins import BarlowTwins

RECIPES = ROOM.parent / "recipes"
FAMILIES = ["joint", "masked"]  # labels alone is a baseline, and no publication's

OWN = """
from selflearn.methods import Joint, Losses
from selflearn.objectives import invariance

class Agreement(Joint):
    strength: float = 2.0

    def losses(self, online, graph) -> Losses:
        first, second = (self.project(features.pooled) for features in online)
        return {"agreement": self.strength * invariance(first, second)}

class Unfinished(Joint):
    pass

nothing = 3
"""


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    name = f"own_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    yield name
    sys.modules.pop(name, None)


@pytest.mark.parametrize("name", ["BarlowTwins", "barlow_twins", "barlow-twins", "barlow twins", "BARLOWTWINS"])
def test_any_spelling_finds_it(name):
    assert find(name) is BarlowTwins


def test_every_method_is_found_by_its_own_name():
    known = methods()
    assert {"SimCLR", "SupCon", "BarlowTwins", "VICReg", "BYOL", "SimSiam", "SwAV", "DINO", "LeJEPA", "MAE"} <= set(known)
    for name, method in known.items():
        assert find(name) is method
        assert issubclass(method, Method)


@pytest.mark.parametrize(("name", "hint"), [("SimCRL", "SimCLR"), ("vicregg", "VICReg"), ("base", "known")])
def test_unknown_names_get_a_hint(name, hint):
    with pytest.raises(RecipeError, match=hint):
        find(name)


def test_ones_own_is_imported_from_the_working_folder(own_module):
    found = find(f"{own_module}:Agreement")
    assert issubclass(found, Joint)
    assert found.__module__ == own_module


def test_the_search_path_is_left_as_it_was(own_module):
    before = list(sys.path)
    find(f"{own_module}:Agreement")
    assert sys.path == before


def test_a_plain_name_never_imports_ones_own(own_module):
    with pytest.raises(RecipeError):
        find(own_module)
    assert own_module not in sys.modules


@pytest.mark.parametrize(
    ("name", "problem"), [("Missing", "no such class"), ("nothing", "not a subclass"), ("Unfinished", "losses")]
)
def test_what_is_no_method_is_refused(own_module, name, problem):
    with pytest.raises(RecipeError, match=problem):
        find(f"{own_module}:{name}")


@pytest.mark.parametrize("name", ["no_such_module:Method", "a/b:Method", ":Method", "module:", "os.system('x'):Y"])
def test_impossible_places_are_refused(name):
    with pytest.raises(RecipeError, match=r"no module|my_module:MyMethod"):
        find(name)


@pytest.mark.parametrize("name", ["strangers_run:Evil", "strangers_run.inside:Evil"])
def test_a_folder_below_is_never_imported(name, tmp_path, monkeypatch):
    (tmp_path / "strangers_run").mkdir()
    for file in ("__init__.py", "inside.py"):
        (tmp_path / "strangers_run" / file).write_text("import pathlib\npathlib.Path('ran').touch()\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match="no file"):
        find(name)
    assert not (tmp_path / "ran").exists()


def test_a_broken_module_is_told_from_a_missing_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_broken.py").write_text("import no_such_library_anywhere")
    (tmp_path / "own_typo.py").write_text("class A(:\n")
    with pytest.raises(RecipeError, match="no_such_library_anywhere"):
        find("own_broken:A")
    with pytest.raises(RecipeError, match="line 1"):
        find("own_typo:A")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_method_has_a_recipe_that_names_it(family):
    shipped = {name for name, method in methods().items() if method.__module__.split(".")[2] == family}
    recipes = [yaml.safe_load(path.read_text()) for path in sorted((RECIPES / family).glob("*.yaml"))]
    named = {stage["fit"] for recipe in recipes for stage in recipe["stages"] if "fit" in stage}
    assert shipped <= named
    assert all(shipped & {stage.get("fit") for stage in recipe["stages"]} or "recipe" in recipe for recipe in recipes)
    assert all({"small", "published"} <= set(recipe["presets"]) for recipe in recipes)
    assert all(recipe["source"]["year"] > 1950 and recipe["summary"].endswith(".") for recipe in recipes)
