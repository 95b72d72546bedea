"""A statement's hash moves with everything that the stated function is made of, and with nothing else."""

import importlib.util
import sys

import pytest

from selflearn.evidence.closure import closure, source
from selflearn.evidence.experiments import measures
from selflearn.evidence.scoring import scorecard
from selflearn.evidence.seal import digest
from selflearn.evidence.statement import Contrast

TEXT = """
import numpy as np
from functools import cache

LEVEL = 0.2
UNUSED = 1

class Reader:
    @staticmethod
    def read(value):
        return scale(value)

def scale(value):
    return value * LEVEL

@cache
def kept(value):
    return Reader.read(value)

def unrelated(value):
    return value - 1

def score(value):
    return np.mean([kept(each) for each in [value]])

def factory(gain):
    def made(value):
        return gain * value
    return made
"""


@pytest.fixture
def written(tmp_path, monkeypatch):
    def write(text):
        file = tmp_path / f"room_{digest(text)[:8]}.py"
        file.write_text(text)
        spec = importlib.util.spec_from_file_location("room", file)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "room", module)  # where `inspect` looks for the text of a class
        spec.loader.exec_module(module)
        return module

    return write


def test_helpers_are_followed_through_helpers_classes_caches_and_constants(written):
    assert set(closure(written(TEXT).score)) == {"room.kept", "room.Reader", "room.scale", "room.LEVEL"}


@pytest.mark.parametrize(
    "change", [("LEVEL = 0.2", "LEVEL = 0.3"), ("value * LEVEL", "value + LEVEL"), ("return scale", "return -scale")]
)
def test_a_changed_helper_changes_the_hash(written, change):
    assert source(written(TEXT.replace(*change)).score) != source(written(TEXT).score)


@pytest.mark.parametrize(
    "change", [("UNUSED = 1", "UNUSED = 2"), ("value - 1", "value - 2"), ("LEVEL = 0.2", "LEVEL = 0.2  # why")]
)
def test_what_is_not_used_does_not(written, change):
    assert source(written(TEXT.replace(*change)).score) == source(written(TEXT).score)


def test_what_a_factory_enclosed_is_part_of_what_it_made(written):
    room = written(TEXT)
    assert source(room.factory(1.0)) != source(room.factory(2.0))
    assert source(room.factory(1.0)) == source(room.factory(1.0))


def test_a_function_without_helpers_is_its_own_text():
    import inspect

    def alone(value):
        return value

    assert source(alone).endswith(digest(inspect.getsource(alone))[:12])


def test_what_a_run_left_in_a_variable_does_not_count(written):
    room = written(TEXT)
    before = source(room.score)
    room.LEVEL = 5.0
    assert source(room.score) == before


def test_experiments_are_followed_and_the_rest_of_the_package_is_not():
    assert closure(scorecard) == {}
    assert set(closure(measures.ahead_of_chance)) >= {
        f"{measures.__name__}.{name}" for name in ("picks", "SWEEPS", "NARROW", "FEW")
    }


def test_a_contrast_states_its_helpers(written):
    fingerprint = [
        digest(Contrast("gain", 0.0, written(text).score).state()) for text in (TEXT, TEXT.replace("LEVEL = 0.2", "LEVEL = 0.3"))
    ]
    assert fingerprint[0] != fingerprint[1]
