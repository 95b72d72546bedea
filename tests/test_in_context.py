"""A network that learned from a prior tells rows of a person's table: invariances, a real table, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from typer.testing import CliRunner

from selflearn import PriorFittedClassifier, PriorFittedRegressor, SelfLearner, learn
from selflearn.cli.main import app
from selflearn.data import read
from selflearn.errors import DataError, RunError
from selflearn.serving import export_run
from selflearn.workflow import fill_in, fill_in_file

SMALL = {"encoder": {"width": 32, "depth": 2}, "optimiser.lr": 0.003}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    read = {"features": 4, "classes": 3, "points": 48, "tasks": 20_000}
    out = tmp_path_factory.mktemp("runs") / "table"
    return learn("prior:table", out=out, budget="150steps", read=read, changes=SMALL, device="cpu", precision="32")


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    read = {"points": 24, "length": [0.3, 0.6], "bars": 40, "tasks": 20_000}
    out = tmp_path_factory.mktemp("runs") / "gp"
    return learn("prior:gp", out=out, budget="400steps", read=read, changes=SMALL, device="cpu", precision="32")


@pytest.fixture(scope="module")
def iris():
    values, labels = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(values))
    return values[order], labels[order]


def test_a_prior_of_classes_has_a_scorecard_of_its_own(tables):
    card = tables.scorecard
    assert card.names() == ["encoder", "untrained", "class frequencies", "logistic", "forest"]
    assert card.value("encoder", "accuracy") > card.value("class frequencies", "accuracy")
    assert tables.verdict.kind == "learned"
    assert "logistic" in tables.verdict.reason


def test_two_kinds_of_flowers_are_told_from_twenty_that_are_known(tables, iris):
    values, labels = (each[iris[1] > 0] for each in iris)
    model = PriorFittedClassifier(str(tables.path)).fit(values[:20], labels[:20])
    assert model.score(values[20:], labels[20:]) > 0.85
    assert model.predict_proba(values[20:]).sum(1) == pytest.approx(np.ones(80))


def test_scale_order_and_sign_of_columns_and_names_of_classes_tell_nothing(tables, iris):
    values, labels = iris
    plain = PriorFittedClassifier(tables).fit(values[:30], labels[:30]).predict_proba(values[30:])
    changed = values[:, [2, 0, 3, 1]] * [10.0, -1.0, 0.01, 5.0] + [0.0, 3.0, -7.0, 100.0]
    named = np.array(["b", "a", "c"])[labels]
    told = PriorFittedClassifier(tables).fit(changed[:30], named[:30])
    assert list(told.classes_) == ["a", "b", "c"]
    assert told.predict_proba(changed[30:])[:, [1, 0, 2]] == pytest.approx(plain, abs=1e-3)


def test_a_row_is_told_alone(tables, iris):
    values, labels = iris
    model = PriorFittedClassifier(tables).fit(values[:30], labels[:30])
    assert model.predict_proba(values[30:31]) == pytest.approx(model.predict_proba(values[30:])[:1], abs=1e-4)


def test_gaps_many_columns_and_many_rows_are_taken(tables, iris):
    values, labels = iris
    noise = np.random.default_rng(1).normal(size=(len(values), 20))
    wide = np.concatenate([noise, values], axis=1)
    wide[::7, 22] = np.nan
    wide, labels = wide[labels > 0], labels[labels > 0]
    model = PriorFittedClassifier(tables).fit(wide[:70], labels[:70])  # more columns and rows than a task of the prior has
    assert model.score(wide[70:], labels[70:]) > 0.8


def test_a_function_is_told_with_how_sure_that_is(functions):
    draw = np.random.default_rng(0)
    known, asked = draw.uniform(size=(16, 1)), draw.uniform(size=(200, 1))

    def function(x):
        return 50 + 10 * np.sin(5 * x[:, 0])

    model = PriorFittedRegressor(functions).fit(1000 * known, function(known))
    truth = function(asked)
    assert model.score(1000 * asked, truth) > 0.5
    low, middle, high = model.predict_quantiles(1000 * asked).T
    assert (low < middle).all()
    assert (middle < high).all()
    assert np.mean((low < truth) & (truth < high)) > 0.6


def test_a_column_is_filled_in_where_it_is_empty(tables, functions, iris, tmp_path):
    pd = pytest.importorskip("pandas")
    values, labels = iris
    frame = pd.DataFrame(values, columns=["a", "b", "c", "d"])
    frame["kind"] = np.array(["x", "y", "z"])[labels]
    frame.loc[40:, "kind"] = None
    frame.to_csv(tmp_path / "flowers.csv", index=False)
    assert fill_in_file(tables, tmp_path / "flowers.csv", "kind", tmp_path / "told.csv") == 110
    told = pd.read_csv(tmp_path / "told.csv")
    assert list(told.columns) == ["id", "prediction", "probability"]
    assert told["id"].tolist() == list(range(40, 150))
    rows = read(tmp_path / "flowers.csv", kind="table", more={"leave_out": ["kind"]}).raw(np.arange(150))
    again = PriorFittedClassifier(tables).fit(rows[:40], frame["kind"][:40]).predict(rows[40:])
    assert told["prediction"].tolist() == again.tolist()

    line = pd.DataFrame({"x": np.linspace(0, 7, 40), "y": 3 * np.linspace(0, 7, 40) + 100})
    line.loc[::2, "y"] = np.nan
    told = fill_in(functions, line, "y").to_pandas()
    assert len(told) == 20
    assert np.abs(told["prediction"] - (3 * line["x"][::2].to_numpy() + 100)).mean() < 3
    assert (told["low"] < told["high"]).all()


def test_the_command_says_what_it_told(tables, iris, tmp_path):
    values, labels = iris
    lines = [
        "a,b,c,d,kind",
        *(
            ",".join([*map(str, row), "xyz"[label] if n < 40 else ""])
            for n, (row, label) in enumerate(zip(values, labels, strict=True))
        ),
    ]
    (tmp_path / "flowers.csv").write_text("\n".join(lines))
    words = ["predict", str(tables.path), str(tmp_path / "flowers.csv"), "--column", "kind", "--out", str(tmp_path / "told.csv")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "known in 40 rows and told in 110" in done.output
    assert len((tmp_path / "told.csv").read_text().splitlines()) == 111


def test_what_has_no_form_for_other_machines_says_so(tables):
    with pytest.raises(RunError, match="sets of points of any number"):
        export_run(tables)


def test_a_column_that_cannot_be_filled_in_says_why(tables, functions, tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": np.arange(10.0), "y": np.arange(10.0), "z": list("abcdefghij"), "e": [None] * 10})
    with pytest.raises(DataError, match="known in every row"):
        fill_in(functions, frame, "y")
    with pytest.raises(DataError, match="holds others"):
        fill_in(functions, frame, "z")
    with pytest.raises(DataError, match="known nowhere"):
        fill_in(tables, frame, "e")
    with pytest.raises(DataError, match=r"\.csv or \.parquet"):
        fill_in_file(tables, frame, "y", tmp_path / "told.txt")


def test_what_cannot_be_told_says_what_to_do(tables, functions, iris, tmp_path):
    values, labels = iris
    with pytest.raises(DataError, match="classes=5"):
        PriorFittedClassifier(tables).fit(values, np.arange(len(values)) % 5)
    with pytest.raises(DataError, match="use PriorFittedRegressor"):
        PriorFittedClassifier(functions).fit(values[:, :1], labels)
    with pytest.raises(DataError, match="use PriorFittedClassifier"):
        PriorFittedRegressor(tables).fit(values, values[:, 0])
    with pytest.raises(DataError, match="run must name"):
        PriorFittedClassifier().fit(values, labels)
    other = SelfLearner("vicreg", budget="1steps").fit(values).save(tmp_path / "run")
    with pytest.raises(DataError, match="learned from table data"):
        PriorFittedClassifier(str(other)).fit(values, labels)
