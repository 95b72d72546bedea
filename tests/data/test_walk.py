"""Files below a folder: relative names whatever the folder was called, and what a mixed folder is taken for."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selflearn.data import read, recognise
from selflearn.data.walk import walk


def pictures(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.fromarray(np.random.default_rng(number).integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(folder / f"{number}.png")


def recordings(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        with wave.open(str(folder / f"{number}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(np.random.default_rng(number).integers(-9000, 9000, 2000, dtype=np.int16).tobytes())


@pytest.mark.parametrize("root", [".", "./", "../here", ""])
def test_the_folder_one_is_in_is_read_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root: str) -> None:
    pictures(tmp_path / "here" / "cats", 8)
    pictures(tmp_path / "here" / "dogs", 8)
    monkeypatch.chdir(tmp_path / "here")
    assert walk(Path(root), lambda name: name.endswith(".png")).files[:2] == ["cats/0.png", "cats/1.png"]
    data = read(root or ".", cache=False)
    assert len(data) == 16
    assert data.facts.classes == ["cats", "dogs"]


def test_a_mixed_folder_is_what_most_of_it_is_and_the_rest_is_told(tmp_path: Path) -> None:
    recordings(tmp_path, 12)
    pictures(tmp_path / "covers", 1)
    found = recognise(tmp_path)
    assert found.kind == "sound"
    assert found.certainty < 0.9
    assert [each.kind for each in found.others] == ["image"]
    assert any("1 other file passed by" in note for note in read(tmp_path, cache=False).facts.notes)
    pictures(tmp_path / "more", 30)
    assert recognise(tmp_path).kind == "image"
    assert "could also be sound (it holds 12 recordings)" in recognise(tmp_path).say()
