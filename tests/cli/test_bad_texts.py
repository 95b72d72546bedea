"""Bad texts from the command line: one message and no run folder; and a run on texts that leaves everything a run leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

LINES = [f"{who} {did} the {what} {when}" for who in ("she", "he", "they") for did in ("saw", "lost") for what in ("key", "map")
         for when in ("today", "again")]  # fmt: skip


def learn(selflearn, folder: Path, *words: object):
    return selflearn("learn", *words, "--recipe", "autoencoder", "--budget", "2steps", "--out", "run", cwd=folder)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.txt", b"", ["empty.txt", "0 bytes"]),
        ("a.txt", b"a", ["found 1 sample", "at least 8"]),
        ("alike.txt", b"one and the same\n" * 30, ["all 30 samples are identical"]),
        ("latin.txt", "\n".join([*LINES, "d\xe9j\xe0 vu"]).encode("latin-1"), ["line 25", "not utf-8", "--read encoding=latin-1"]),
    ],
)
def test_what_nothing_can_be_learned_from(name, content, said, selflearn, tmp_path):
    (tmp_path / name).write_bytes(content)
    done = learn(selflearn, tmp_path, name)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.count("Error:") == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert [words for words in said if words not in " ".join(done.stderr.split())] == [], done.stderr
    assert not (tmp_path / "run").exists()


def test_a_run_on_texts_is_searched_embedded_and_exported_and_counts_what_it_skipped(selflearn, tmp_path):
    rows = [{"text": line, "label": line.split()[0]} for line in LINES]
    (tmp_path / "texts.jsonl").write_text("\n".join([*map(json.dumps, rows), '{"text": "cut', '{"text": " "}']))
    done = learn(selflearn, tmp_path, "texts.jsonl")
    assert done.returncode in (0, 3), done.stdout + done.stderr
    skipped = json.loads((tmp_path / "run" / "data.json").read_text())["skipped"]
    assert [each["what"] for each in skipped] == ["line 25", "24"]
    report = (tmp_path / "run" / "report.html").read_text()
    assert "she saw the key today" in report
    (tmp_path / "like.txt").write_text("they lost the map\n")
    found = selflearn("search", "run", "--like", "like.txt", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert "they lost the map" in found.stdout
    (tmp_path / "new.txt").write_text("she lost the zeppelin today\nhe saw the key\n")
    done = selflearn("embed", "run", "new.txt", "--out", "new.parquet", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "new.parquet").exists()
