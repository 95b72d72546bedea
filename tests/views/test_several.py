"""Views of several names in one list."""

import pytest
import torch

from selflearn.data import read
from selflearn.data.graphs.spec import GraphSpec
from selflearn.errors import RecipeError
from selflearn.views import asked, build, make_views

NODES = GraphSpec(level="node", features=4, mean=(0.0,) * 4, std=(1.0,) * 4)


def test_they_come_one_after_the_other_with_their_own_options():
    digits = read("digits")
    made = build(digits.spec, "several", of={"pair": {"name": "standard", "size": 12}, "one": "plain"})
    views = make_views(digits.batch(range(4)), made, torch.Generator().manual_seed(0))
    assert [view.values.shape[-1] for view in views] == [12, 12, 8]


def test_what_they_ask_is_asked_once():
    of = {"pair": "standard", "one": {"name": "questions", "ask": ["edges"]}}
    assert list(asked(NODES, 0, "several", of=of)) == ["edges"]
    with pytest.raises(RecipeError, match="edges is asked by two"):
        asked(NODES, 0, "several", of={**of, "two": {"name": "questions", "ask": ["edges"]}})
    assert asked(read("digits").spec, 10) == {}


@pytest.mark.parametrize("of", [None, {}, {"a": 3}, {"a": {"ask": []}}, {"a": "several"}])
def test_what_is_no_mapping_of_views_is_refused(of):
    with pytest.raises(RecipeError, match="views 'several'"):
        build(NODES, "several", of=of)
