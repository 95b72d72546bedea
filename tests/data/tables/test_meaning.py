"""What a column means: numbers as people write them, dates and their calendar, categories, and what nothing is learned from."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selflearn.data import read
from selflearn.data.tables import TableSpec
from selflearn.data.tables.meaning import calendar, understand
from selflearn.errors import DataError


def spec_of(columns: dict[str, object], **options: object) -> TableSpec:
    spec = read(pa.table(columns), kind="table", more=options).spec
    assert isinstance(spec, TableSpec)
    return spec


def numbers(*cells: str | None) -> list[float]:
    found = understand(pa.array(cells)).numbers
    assert found is not None
    return found.tolist()


def test_numbers_are_read_as_people_write_them() -> None:
    assert numbers("1,234.5", "-12", "3e2") == [1234.5, -12, 300]
    assert numbers("3,7", "12", "-0,5") == [3.7, 12, -0.5]
    assert numbers("1.234,50 €", "7,00 €") == [1234.5, 7]
    assert numbers("1,234", "2,000") == [1234, 2000]  # where nothing says decimal comma, it parts thousands
    assert numbers("$12", "40 %") == [12, 40]
    assert np.isnan(numbers("1", "?", None, "n/a", "2")[1:4]).all()


def test_words_among_numbers_are_missing_only_where_they_are_few() -> None:
    few = understand(pa.array([*map(str, range(99)), "broken"]))
    assert few.unread == 1
    assert few.numbers is not None
    many = understand(pa.array([*map(str, range(50)), *["broken"] * 50]))
    assert many.values is not None
    forced = understand(pa.array([*map(str, range(50)), *["broken"] * 50]), "number")
    assert forced.unread == 50


@given(st.datetimes(min_value=datetime.datetime(1600, 1, 1), max_value=datetime.datetime(2400, 1, 1)))
def test_the_calendar_is_the_worlds(moment: datetime.datetime) -> None:
    moment = moment.replace(microsecond=0)
    days = (moment - datetime.datetime(1970, 1, 1)).total_seconds() / 86_400
    parts = {name: float(part[0]) for name, part in calendar(np.array([days])).items()}
    assert parts == {
        "month": moment.month,
        "day": moment.day,
        "weekday": moment.weekday(),
        "hour": pytest.approx(moment.hour + moment.minute / 60 + moment.second / 3600, abs=1e-3),
    }


@pytest.mark.parametrize("form", ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %b %Y", "%Y-%m-%d %H:%M:%S"])
def test_dates_in_many_forms_are_days_and_parts_that_vary(form: str) -> None:
    first = datetime.datetime(2020, 1, 20)
    moments = [first + datetime.timedelta(days=3 * step) for step in range(40)]
    spec = spec_of({"when": [each.strftime(form) for each in moments], "b": list("ab") * 20})
    assert [column.name for column in spec.columns] == ["when, days", "when, month", "when, day", "when, weekday", "b"]
    typed = spec_of({"when": pa.array(moments, pa.timestamp("us")), "b": list("ab") * 20})
    assert typed.columns == spec.columns


def test_rare_categories_are_one_and_the_frequent_come_first() -> None:
    towns = ["Ulm"] * 60 + ["Graz"] * 39 + ["Bern"]
    (column,) = spec_of({"town": towns}).columns
    assert column.categories == ("Ulm", "Graz")
    assert column.rare == pytest.approx(0.01)
    (column,) = spec_of({"town": ["a", "a", "a", "b", "b", "c"] * 5}, most_categories=1).columns
    assert column.categories == ("a",)


def test_ids_running_text_and_constants_are_left_out_with_the_reason() -> None:
    prose = "of this much was said in those days"
    columns = {
        "good": np.arange(40.0) % 7,
        "code": [f"K{7 * row % 40}" for row in range(40)],
        "said": [f"{row} {prose} {row}" for row in range(40)],
        "same": ["x"] * 40,
        "void": pa.nulls(40, pa.string()),
        "row": np.arange(40),
        "lists": [[1, 2]] * 40,
    }
    data = read(pa.table(columns), kind="table")
    assert [column.name for column in data.spec.columns] == ["good"]  # type: ignore[attr-defined]
    said = "\n".join(data.facts.notes)
    for name, why in {
        "code": "as ids are",
        "said": "running text",
        "same": "every row",
        "void": "no value",
        "row": "numbers",
    }.items():
        assert any(name in line and why in line for line in said.splitlines())
    assert "lists (holds list" in said
    assert [column.name for column in spec_of(columns, categories="code", leave_out="good").columns] == ["code"]
    with pytest.raises(DataError, match="no column is left"):
        read(pa.table({"same": ["x"] * 40, "void": pa.nulls(40)}), kind="table")


def test_numbers_that_are_names_can_be_told() -> None:
    (column,) = spec_of({"plz": [10115, 80331, 50667] * 10}, categories=["plz"]).columns
    assert set(column.categories) == {"10115", "80331", "50667"}
