"""A finished run on data that is read otherwise than its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from selflearn import learn
from selflearn.data import ReadOptions
from selflearn.errors import DataError, RunError
from selflearn.serving import search_run
from selflearn.workflow import Reporter, embed_to_file

WALK = np.random.default_rng(0).normal(size=(80, 2)).cumsum(axis=0)


class Warned(Reporter):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def warn(self, line: str) -> None:
        self.lines.append(line)


def machine(number: int) -> pd.DataFrame:
    return pd.DataFrame({"time": np.arange(40.0), "heat": WALK[number : number + 40, 0], "power": WALK[number : number + 40, 1]})


def test_reading_options_of_a_run_can_be_taken_back_for_other_data(tmp_path):
    whole = pd.concat([machine(number).assign(engine=f"M{number}") for number in range(16)])
    whole.to_csv(tmp_path / "all.csv", index=False)
    run = learn(tmp_path / "all.csv", read={"id": "engine"}, kind="series", budget="2steps", out=tmp_path / "run")
    machine(3).to_csv(tmp_path / "one.csv", index=False)
    with pytest.raises(DataError, match="no column 'engine'"):
        embed_to_file(run, tmp_path / "one.csv", tmp_path / "one.parquet")
    assert embed_to_file(run, tmp_path / "one.csv", tmp_path / "one.parquet", read={"id": None})[0] == 1
    ids, vectors, _, _ = run.embeddings()
    (found,) = pq.read_table(tmp_path / "one.parquet")["embedding"].to_pylist()
    assert np.allclose(found, vectors[ids.index("M3")], atol=1e-5)
    heard = Warned()
    assert search_run(run, str(tmp_path / "one.csv"), 1, read={"id": None}, reporter=heard)[0][0] == "M3"
    assert heard.lines == []
    answer = search_run(run, str(tmp_path / "all.csv"), 1, picture=tmp_path / "near.png", reporter=heard)
    assert answer[0][0] == "M0"
    assert "all.csv holds 16 samples: the first, M0, is searched with" in heard.lines[0]
    assert (tmp_path / "near.png").exists()


def test_samples_that_are_gone_from_the_data_are_not_drawn_as_others(tmp_path):
    whole = pd.DataFrame(WALK, columns=["a", "b"]).assign(name=[f"row {number}" for number in range(80)])
    whole.to_csv(tmp_path / "t.csv", index=False)
    run = learn(tmp_path / "t.csv", budget="2steps", out=tmp_path / "run")
    nearest = search_run(run, "row 7", 3)[1][0]
    whole[whole["name"] != nearest].to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(RunError, match=f"{nearest} is no longer in the data"):
        search_run(run, "row 7", 3, picture=tmp_path / "near.png")


def test_embeddings_are_written_whole_or_not_at_all(tmp_path, monkeypatch):
    pd.DataFrame(WALK, columns=["a", "b"]).to_csv(tmp_path / "t.csv", index=False)
    run = learn(tmp_path / "t.csv", budget="2steps", out=tmp_path / "run")
    (tmp_path / "parts.parquet").mkdir()
    with pytest.raises(RunError, match=r"parts.parquet is a folder .*--out"):
        embed_to_file(run, tmp_path / "t.csv", tmp_path / "parts.parquet")
    heard = Warned()
    with pytest.raises(RunError, match="cannot write .*--out"):
        embed_to_file(run, tmp_path / "t.csv", tmp_path / "t.csv" / "vectors.npy", reporter=heard)
    assert heard.lines == [], "told before anything is read"
    for ending in ("npy", "npz", "parquet"):
        out = tmp_path / f"vectors.{ending}"
        assert embed_to_file(run, tmp_path / "t.csv", out)[0] == 80
        before = out.read_bytes()

        def full(*args, **kwargs):
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            for module, name in ((np, "save"), (np, "savez"), (pq, "write_table")):
                patch.setattr(module, name, full)
            with pytest.raises(RunError, match="No space left"):
                embed_to_file(run, tmp_path / "t.csv", out)
        assert out.read_bytes() == before
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".")]


def test_what_went_wrong_while_embedding_is_told(tmp_path, monkeypatch):
    for number in range(12):
        noise = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
        (tmp_path / "pictures").mkdir(exist_ok=True)
        Image.fromarray(noise).save(tmp_path / "pictures" / f"{number:02}.png")
    run = learn(tmp_path / "pictures", budget="2steps", out=tmp_path / "run")
    for name in ("room_on_disk", "room_in_memory"):
        monkeypatch.setattr(ReadOptions, name, lambda self: 100)
    whole, heard = run.read, Warned()

    def losing(*args, **options):
        dataset = whole(*args, cache=False, **options)
        (tmp_path / "pictures" / "03.png").unlink()
        return dataset

    monkeypatch.setattr(run, "read", losing)
    embed_to_file(run, tmp_path / "pictures", tmp_path / "v.npy", reporter=heard)
    assert "1 picture could not be read when wanted: plain ones took the place" in heard.lines
