"""Series in tables: long, wide and one recording; and what timestamps say: backwards, twice, pauses, uneven steps, none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from selflearn.data import read, recognise
from selflearn.data.series import Series
from selflearn.errors import DataError

RNG = np.random.default_rng(1)
WALK = RNG.normal(size=(600, 2)).cumsum(0)


def frame(steps: int = 480, **columns: object) -> pd.DataFrame:
    time = pd.date_range("2024-01-01", periods=steps, freq="15min")
    return pd.DataFrame({"time": time, "power": WALK[:steps, 0], "heat": WALK[:steps, 1], **columns})


def series(source: object, **options: object) -> Series:
    found = read(source, kind="series", cache=False, **options)
    assert isinstance(found, Series)
    return found


def notes(data: Series) -> str:
    return " | ".join(data.facts.notes)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "tsv", "parquet"])
def test_a_recording_is_found_in_every_format(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"house.{ending}"
    if ending == "parquet":
        frame().to_parquet(path)
    else:
        frame().to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")
    assert recognise(path).kind == "series"
    data = series(path, more={"window": 48})
    assert data.spec.channels == ("power", "heat")
    assert data.spec.rate == pytest.approx(1 / 900)
    assert len(data) == 10
    assert data.batch([1]).values[0].numpy() == pytest.approx(WALK[48:96].T, rel=1e-5)


def test_an_index_of_times_is_the_time() -> None:
    assert series(frame().set_index("time"), more={"window": 48}).spec.rate == pytest.approx(1 / 900)


def test_long_rows_belong_to_series_by_a_column_of_ids() -> None:
    table = frame(trial=np.arange(480) // 40, label=(np.arange(480) // 40) % 2, subject=np.arange(480) // 120)
    shuffled = table.sample(frac=1.0, random_state=0)
    data = series(shuffled)
    assert len(data) == 12
    assert data.batch([0]).values.shape == (1, 2, 40)
    order = [data.facts.ids.index(name) for name in sorted(data.facts.ids, key=lambda each: int(each.split()[-1]))]
    assert data.batch(order).values[3].numpy() == pytest.approx(WALK[120:160].T, rel=1e-5)
    assert (data.labels[order] == np.arange(12) % 2).all()
    assert "go back" in notes(data)


def test_wide_rows_are_series_of_numbered_columns(tmp_path: Path) -> None:
    stack = RNG.normal(size=(10, 24)).round(4)
    table = pd.DataFrame(stack, columns=[f"t_{step}" for step in range(24)])
    table = table[[f"t_{step}" for step in RNG.permutation(24)]].assign(label=["a", "b"] * 5)
    path = tmp_path / "wide.csv"
    table.to_csv(path, index=False)
    data = series(path)
    assert data.batch(range(10)).values[:, 0].numpy() == pytest.approx(stack, rel=1e-5)
    assert data.facts.classes == ["a", "b"]


def test_columns_and_roles_may_be_named() -> None:
    table = frame(when=np.arange(480.0), person=["x"] * 240 + ["y"] * 240).drop(columns="time")
    data = series(table, more={"form": "recording", "time": "when", "channels": "heat", "window": 60})
    assert data.spec.channels == ("heat",)
    assert "power" in notes(data)
    with pytest.raises(DataError, match="did you mean 'heat'"):
        series(table, more={"channels": "haet"})
    with pytest.raises(DataError, match="--read id=NAME"):
        series(table.drop(columns="person"), more={"form": "long"})


def test_time_that_goes_back_is_put_in_order_and_told() -> None:
    table = frame()
    swapped = table.iloc[[0, 2, 1, *range(3, 480)]]
    data = series(swapped, more={"window": 48})
    assert data.batch([0]).values[0].numpy() == pytest.approx(WALK[:48].T, rel=1e-5)
    assert "timestamps go back 1 time;" in notes(data)
    doubled = table.assign(time=table.time.where(table.index != 7, table.time[6]))
    assert "1 rows have the same time" in notes(series(doubled, more={"window": 48}))


def test_the_newest_row_may_stand_first_and_rows_may_be_shuffled_once_they_are_known_as_series() -> None:
    assert recognise(frame().iloc[::-1]).kind == "series"
    for order in (slice(None, None, -1), RNG.permutation(480)):
        data = series(frame().iloc[order], more={"window": 48})
        assert data.batch([0]).values[0].numpy() == pytest.approx(WALK[:48].T, rel=1e-5)


def test_a_row_without_time_is_refused() -> None:
    with pytest.raises(DataError, match=r"1 rows have no time \(first: row 6\)"):
        series(frame().assign(time=lambda each: each.time.where(each.index != 5)), more={"window": 48})


def test_windows_do_not_reach_across_pauses_and_uneven_steps_are_told() -> None:
    table = frame()
    paused = table.assign(time=table.time + pd.to_timedelta(np.where(np.arange(480) >= 250, 30, 0), unit="D"))
    data = series(paused, more={"window": 48})
    assert "1 pauses" in notes(data)
    assert "recording @ 250" in data.facts.ids
    assert len(data) == 5 + 4
    uneven = table.assign(time=table.time[0] + pd.to_timedelta(np.cumsum(np.where(np.arange(480) % 4, 60, 200)), unit="s"))
    assert "sampling is uneven: 25 %" in notes(series(uneven, more={"window": 48}))


def test_gaps_become_lines_and_are_counted() -> None:
    table = frame()
    table.loc[10:12, "power"] = np.nan
    table.loc[0, "heat"] = np.inf
    table["dead"] = np.nan
    data = series(table, more={"window": 48})
    first = data.batch([0]).values[0].numpy()
    assert first[0, 9:14] == pytest.approx(np.linspace(WALK[9, 0], WALK[13, 0], 5), rel=1e-4)
    assert first[1, 0] == pytest.approx(WALK[1, 1], rel=1e-5)
    assert data.spec.channels == ("power", "heat")
    assert "4 missing values" in notes(data)
    assert "1 of them were infinite" in notes(data)
    assert "channels without any value are left out: dead" in notes(data)


def test_a_channel_that_never_changes_is_told_and_stays_finite() -> None:
    data = series(frame(still=7.0), more={"window": 48})
    assert data.spec.std[2] == 1.0
    assert "never change: still" in notes(data)
    assert np.isfinite(data.raw([0, 1])).all()


def test_text_where_numbers_are_needed_is_named() -> None:
    table = frame(mood="good")
    with pytest.raises(DataError, match="'mood' holds text"):
        series(table, more={"channels": "mood"})


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "rows|readable"), ("time,a\n", "no rows"), ("a,b\nx,y\nz,w\n", "no column of numbers"), ('"a', "readable|rows|neither")],
)
def test_tables_that_are_none_are_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=said):
        series(path)


def test_a_truncated_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.parquet"
    frame().to_parquet(path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"cut\.parquet"):
        series(path)


def test_new_data_is_read_as_the_encoder_needs_it() -> None:
    spec = series(frame(), more={"window": 48}).spec
    other = series(frame(200)[["time", "heat", "power"]], like=spec)
    assert other.spec == spec
    assert other.batch([0]).values[0].numpy() == pytest.approx(WALK[:48].T, rel=1e-5)
    single = series(frame(48), like=spec)
    assert len(single) == 1
    with pytest.raises(DataError, match="lacks heat"):
        series(frame().drop(columns="heat"), like=spec)
    with pytest.raises(DataError, match="window of 48"):
        series(frame(20), like=spec)


def test_very_long_series_are_averaged_and_told() -> None:
    data = series(RNG.normal(size=(8, 1, 300)).astype(np.float32), more={"longest": 100})
    assert (data.spec.length, data.spec.every) == (100, 3)
    assert "averaged" in notes(data)


def test_a_dozen_long_recordings_are_cut_unless_each_has_a_class_of_its_own(tmp_path: Path) -> None:
    for number in range(12):
        folder = tmp_path / ("walk" if number % 2 else "run")
        folder.mkdir(exist_ok=True)
        frame(520 + number).to_csv(folder / f"r{number}.csv", index=False)
    whole = read(tmp_path, cache=False)
    assert (len(whole), whole.facts.classes) == (12, ["run", "walk"])
    assert any("each of the 12 recordings is one sample; --read window=STEPS" in note for note in whole.facts.notes)
    for place in list(tmp_path.glob("*/*.csv")):
        place.rename(tmp_path / place.name)
    parts = read(tmp_path, cache=False)
    assert (len(parts), parts.spec.length) == (12 * 5, 98)  # 64 windows at least, where 128 steps would leave fewer
    assert parts.facts.groups is not None
    assert len(set(parts.facts.groups.tolist())) == 12


def machines(steps: int = 40, count: int = 9) -> pd.DataFrame:
    """Machines that were measured at the same moments, one below the other; the name of the column tells nobody what it is."""
    parts = [frame(steps).assign(machine=f"M{number}", power=WALK[number : number + steps, 0]) for number in range(count)]
    return pd.concat(parts)


@pytest.mark.parametrize("order", ["stacked", "by time", "shuffled"])
def test_rows_of_several_series_are_not_put_in_one_by_time(tmp_path: Path, order: str) -> None:
    rows = machines()
    rows = {"stacked": rows, "by time": rows.sort_values("time"), "shuffled": rows.sample(frac=1, random_state=0)}[order]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    data = series(tmp_path / "rows.csv")
    place = data.facts.ids.index("M3")
    assert len(data) == 9
    assert np.allclose(data.batch([place]).values[0, 0].numpy(), WALK[3:43, 0])
    assert "is told by the column 'machine'" in notes(data)
    assert recognise(tmp_path / "rows.csv").kind == "series"


def test_a_channel_of_few_values_parts_nothing() -> None:
    data = series(frame(gear=np.arange(480) // 60 % 3.0))
    assert len(data.spec.channels) == 3


def test_files_of_one_list_are_joined_by_the_names_of_their_channels(tmp_path: Path) -> None:
    first, second = frame(40), frame(40)[["time", "heat", "power"]]
    second.loc[20:, "time"] += pd.Timedelta("9D")
    first.to_csv(tmp_path / "a.csv", index=False)
    second.to_csv(tmp_path / "b.csv", index=False)
    data = series([tmp_path / "a.csv", tmp_path / "b.csv"], more={"window": 15, "stride": 5})
    places = [name.rpartition("/")[2] for name in data.facts.ids]
    one, two = data.batch([places.index("a.csv @ 0"), places.index("b.csv @ 0")]).values
    assert one.tolist() == two.tolist()
    assert "b.csv @ 10" not in places, "a window across the pause of the second file"
    assert "a.csv @ 10" in places
    assert "1 pauses" in notes(data)


def test_a_series_without_any_value_is_skipped_and_not_made_up() -> None:
    stack = RNG.normal(size=(12, 2, 30))
    stack[3] = np.nan
    stack[4, 0] = np.nan
    data = series(stack, labels=np.arange(12) % 2)
    assert [(each.what, each.why) for each in data.facts.skipped] == [("3", "it has no value at all")]
    assert data.facts.ids == [str(row) for row in range(12) if row != 3]
    assert data.labels.tolist() == [row % 2 for row in range(12) if row != 3]


def test_a_window_is_told_in_steps_of_the_source() -> None:
    long = np.cumsum(RNG.normal(size=(1, 1, 4000)), axis=2)
    data = series(long, more={"window": 200, "longest": 100})
    assert data.spec.every == 2
    assert len(data) == 20
    assert data.batch([0]).values.shape[2] == 100
    with pytest.raises(DataError, match="window of 9000 steps; the longest stretch has 4000"):
        series(long, more={"window": 9000})


def test_decimal_commas_and_rows_cut_off(tmp_path: Path) -> None:
    whole = frame().to_csv(index=False, sep=";", decimal=",")
    (tmp_path / "german.csv").write_text(whole[: whole.rfind(";")])
    data = series(tmp_path / "german.csv", more={"window": 50})
    assert np.allclose(data.values[:, 0], WALK[:479, 0], atol=1e-5)
    assert [each.why for each in data.facts.skipped] == ["it has 2 cells, and there are 3 columns"]


def test_what_is_no_time_is_named(tmp_path: Path) -> None:
    rows = frame().astype({"time": str})
    rows.loc[7, "time"] = "banana"
    with pytest.raises(DataError, match="'time' is not read as time, for it holds 'banana'"):
        series(rows)


@pytest.mark.parametrize("rate", [0.0, float("nan")])
def test_a_rate_that_is_none_is_not_used(tmp_path: Path, rate: float) -> None:
    np.savez(tmp_path / "a.npz", x=WALK.repeat(2, axis=0), y=np.arange(1200) // 100, rate=np.array(rate))
    data = series(tmp_path / "a.npz")
    assert data.spec.rate is None
    assert "which is none: it is not used" in notes(data)


def test_labels_that_are_no_column_are_told_and_not_passed_over(tmp_path: Path) -> None:
    rows = machines()
    rows["state"] = rows["machine"].map(lambda name: "ok" if name < "M5" else "worn")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    assert series(tmp_path / "rows.csv", labels="state").facts.classes == ["ok", "worn"]
    with pytest.raises(DataError, match="no column 'stat' for labels; did you mean 'state'"):
        series(tmp_path / "rows.csv", labels="stat")
    with pytest.raises(DataError, match="no file 'state' to read labels from"):
        series(RNG.normal(size=(9, 2, 30)), labels="state")
