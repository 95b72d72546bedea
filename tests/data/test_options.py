"""Reading options of one kind are checked against that kind; a recognition tells what else it could be."""

import pytest
from pydantic import BaseModel, ConfigDict

from selflearn.data import ReadOptions, read
from selflearn.data.options import Recognition, kind_options
from selflearn.errors import DataError


class Reading(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rate: int = 16_000


def test_options_of_a_kind_are_checked_by_its_model():
    assert kind_options(Reading, ReadOptions()).rate == 16_000
    assert kind_options(Reading, ReadOptions(more={"rate": 8000})).rate == 8000
    with pytest.raises(DataError, match="did you mean 'rate'"):
        kind_options(Reading, ReadOptions(more={"rat": 8000}))
    with pytest.raises(DataError, match="rate"):
        kind_options(Reading, ReadOptions(more={"rate": "fast"}))


def test_the_options_of_one_kind_are_not_those_of_another():
    with pytest.raises(DataError, match="no reading option 'rate'.*it has shuffle, store"):
        read("digits", more={"rate": 8000})


def test_a_recognition_says_how_certain_it_is_and_what_else_it_could_be():
    other = Recognition("table", 0.6, "it has columns")
    said = Recognition("series", 0.85, "a column counts the hours", (other,)).say()
    assert "series data, 85 % certain: a column counts the hours" in said
    assert "could also be table (it has columns)" in said
    assert "--kind" in said
