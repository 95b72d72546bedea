"""metrics.jsonl: what is read back after kills, resumes and a full disk."""

from pathlib import Path

from selflearn.training import RunFolder, read_metrics
from selflearn.training.metrics import MetricsFile


def test_rows_come_back_in_order(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    assert read_metrics(folder) == []
    metrics = MetricsFile(folder, 0, 0)
    for step in (1, 2):
        metrics.append({"step": step, "total": float("nan") if step == 2 else 0.5})
    assert read_metrics(folder) == [{"stage": 0, "step": 1, "total": 0.5}, {"stage": 0, "step": 2, "total": None}]


def test_what_will_be_written_again_is_removed_first(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    for stage in (0, 1, 2):
        metrics = MetricsFile(folder, stage, 0)
        for step in (1, 2, 3):
            metrics.append({"step": step})
    MetricsFile(folder, 1, 2)
    assert [(row["stage"], row["step"]) for row in read_metrics(folder)] == [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)]


def test_a_torn_line_is_passed_over(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    MetricsFile(folder, 0, 0).append({"step": 1})
    with folder.file("metrics.jsonl").open("a") as file:
        file.write('{"stage": 0, "st')
    assert [row["step"] for row in read_metrics(folder)] == [1]
    MetricsFile(folder, 0, 1).append({"step": 2})
    assert [row["step"] for row in read_metrics(folder)] == [1, 2]


def test_rows_that_find_no_room_are_counted(tmp_path, monkeypatch):
    metrics = MetricsFile(RunFolder.create(tmp_path / "run"), 0, 0)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    metrics.append({"step": 1})
    assert metrics.lost == 1
