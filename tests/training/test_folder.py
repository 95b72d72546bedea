"""Run folders: what is refused, that writing is whole or not at all, and that two owners are kept apart."""

import errno
import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from selflearn.errors import RunError
from selflearn.training import RunFolder

HOLD = """
import sys
from selflearn.training.folder import RunFolder
with RunFolder.open(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_run_is_made_once(tmp_path):
    RunFolder.create(tmp_path / "a" / "run").write_json("kept.json", 1)
    with pytest.raises(RunError, match="already holds a run"):
        RunFolder.create(tmp_path / "a" / "run")
    assert RunFolder.open(tmp_path / "a" / "run").read_json("kept.json") == 1
    assert not RunFolder.create(tmp_path / "a" / "run", overwrite=True).file("kept.json").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_not_a_run_is_never_touched(tmp_path, overwrite):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="not a run"):
        RunFolder.create(tmp_path, overwrite=overwrite)
    with pytest.raises(RunError, match="not a run"):
        RunFolder.create(tmp_path / "thesis.txt", overwrite=overwrite)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_opening_says_what_is_wrong(tmp_path):
    with pytest.raises(RunError, match="no run at"):
        RunFolder.open(tmp_path / "nowhere")
    with pytest.raises(RunError, match="not a run folder"):
        RunFolder.open(tmp_path)
    (tmp_path / "run.json").write_text('{"schema": 999}')
    with pytest.raises(RunError, match="newer selflearn"):
        RunFolder.open(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        RunFolder.open(tmp_path)


def test_free_paths_are_numbered(tmp_path):
    first = RunFolder.free_path("digits", "simclr", tmp_path)
    assert first == tmp_path / "digits-simclr"
    RunFolder.create(first)
    assert RunFolder.free_path("digits", "simclr", tmp_path) == tmp_path / "digits-simclr-2"


def test_json_and_yaml_round_trip(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    value = {"name": "Zürich", "numbers": [1, 2.5, None], "nested": {"b": True, "a": "x"}}
    folder.write_json("a.json", value)
    folder.write_yaml("a.yaml", value)
    assert folder.read_json("a.json") == folder.read_yaml("a.yaml") == value
    with pytest.raises(RunError, match=r"no scorecard\.json"):
        folder.read_json("scorecard.json")
    folder.file("a.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        folder.read_json("a.json")


def test_a_failed_write_leaves_what_was_there(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    folder.write_json("a.json", "old")

    def fail():
        with folder.replacing("a.json") as beside:
            beside.write_text('"ne')
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(RunError, match="No space left"):
        fail()
    with pytest.raises(ValueError):
        folder.write_json("a.json", float("nan"))
    assert folder.read_json("a.json") == "old"
    assert {child.name for child in folder.path.iterdir()} == {"run.json", "a.json"}


def test_a_lock_nests_and_keeps_a_second_owner_out(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    with folder.lock(), folder.lock(), pytest.raises(RunError, match="in use"), RunFolder.open(folder.path).lock():
        pass
    with RunFolder.open(folder.path).lock():
        pass


def test_a_lock_holds_between_processes_and_dies_with_its_owner(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RunError, match=f"in use by process {holder.pid}"), folder.lock():
        pass
    with pytest.raises(RunError, match="in use"):
        RunFolder.create(folder.path, overwrite=True)
    holder.kill()
    holder.communicate()
    with folder.lock():
        assert json.loads(Path(folder.file("run.json")).read_text())["schema"] == 1


def test_a_finished_run_notices_what_was_changed_since(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    folder.write_json("scorecard.json", {"rank": 5.25})
    folder.write_yaml("config.yaml", {"seed": 0})
    folder.write_json("scorecard.json", {"rank": 5.5})  # until it is finished, files may change
    folder.finish({"kind": "learned"})
    assert folder.read_json("verdict.json") == {"kind": "learned"}
    assert folder.read_json("scorecard.json") == {"rank": 5.5}
    for name, old, new in (("scorecard.json", "5.5", "5.6"), ("config.yaml", "0", "1"), ("verdict.json", "learned", "burned")):
        path = folder.file(name)
        path.write_text(path.read_text().replace(old, new))
        with pytest.raises(RunError, match=f"{name} is damaged: it is not as the run left it"):
            folder.read_yaml(name) if name.endswith("yaml") else folder.read_json(name)


def test_tables_tell_damage_in_their_pages(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    table = pa.table({"id": [str(number) for number in range(500)], "value": pa.array(range(500), pa.float32())})
    folder.write_table("embeddings.parquet", table)
    assert folder.read_table("embeddings.parquet") == table
    path = folder.file("embeddings.parquet")
    content = bytearray(path.read_bytes())
    for place in range(60, len(content) - 400, 97):
        broken = bytearray(content)
        broken[place] ^= 4
        path.write_bytes(broken)
        with pytest.raises(RunError, match="is damaged"):
            folder.read_table("embeddings.parquet")
    with pytest.raises(RunError, match="has no views"):
        folder.read_table("views.parquet")
