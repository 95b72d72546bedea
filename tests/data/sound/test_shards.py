"""Recordings in tars and Parquet, read where they lie."""

from __future__ import annotations

import io
import tarfile
import wave
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from selflearn.data import read, recognise


def wav(number: int) -> bytes:
    values = (8000 * np.sin(np.arange(1600) * (0.1 + 0.01 * number))).astype(np.int16)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(values.tobytes())
    return file.getvalue()


def test_recordings_in_shards_read_as_the_folder_they_were_made_of(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "tars").mkdir()
    for number in range(12):
        (tmp_path / "folder" / f"{number:02d}.wav").write_bytes(wav(number))
    for shard in range(2):
        with tarfile.open(tmp_path / "tars" / f"{shard}.tar", "w") as archive:
            for number in range(6 * shard, 6 * shard + 6):
                for name, content in ((f"{number:02d}.wav", wav(number)), (f"{number:02d}.cls", b"ab"[number % 2 :][:1])):
                    info = tarfile.TarInfo(name)
                    info.size = len(content)
                    archive.addfile(info, io.BytesIO(content))
    audio = [{"bytes": wav(number), "path": f"{number:02d}.wav"} for number in range(12)]
    pq.write_table(pa.table({"audio": audio}), tmp_path / "a.parquet")
    folder = read(tmp_path / "folder", kind="sound")
    for source in (tmp_path / "tars", tmp_path / "a.parquet"):
        assert recognise(source).kind == "sound"
        kept, streamed = read(source), read(source, cache=False, cache_limit=0)
        assert streamed.streamed
        assert kept.facts.ids == streamed.facts.ids == folder.facts.ids
        for found in (kept, streamed):
            assert np.array_equal(found.batch([11, 0]).values, folder.batch([11, 0]).values)
            assert found.blocks is not None
    assert read(tmp_path / "tars").facts.classes == ["a", "b"]
