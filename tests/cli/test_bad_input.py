"""Bad input from the command line: one clear message that says what, where and what to do; or the run goes on, and counts it."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

Result = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """(40, 8, 8) real scans as bytes."""
    return (load_digits().images[:40] * 15.9).astype(np.uint8)


@pytest.fixture
def learn(selflearn, tmp_path) -> Callable[..., Result]:
    """Two steps of learning into the folder `run`."""

    def call(*words: object, **limits: object) -> Result:
        return selflearn("learn", *words, "--recipe", "simclr", "--budget", "2steps", "--out", "run", cwd=tmp_path, **limits)

    return call


def save(pictures: np.ndarray, folder: Path) -> Path:
    """Each picture as a PNG file."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{number:02}.png")
    return folder


def enormous(path: Path) -> None:
    """A PNG of 60 bytes whose header claims 50,000 x 50,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b""))


def refused(done: Result, *said: str) -> None:
    """Exit status 1 and one message that says all this; no traceback, no run folder."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.count("Error:") == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert [words for words in said if words not in done.stderr] == [], done.stderr


def went_on(done: Result, run: Path) -> dict[str, str]:
    """The run is whole; what was skipped, by name, with the reason."""
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert (run / "report.html").exists()
    return {Path(item["what"]).name: item["why"] for item in json.loads((run / "data.json").read_text())["skipped"]}


def test_bad_files_among_good_ones_are_skipped_named_and_counted(learn, digits, tmp_path):
    photos = save(digits[:30], tmp_path / "photos")
    whole = (photos / "00.png").read_bytes()
    (photos / "cut.png").write_bytes(whole[: len(whole) // 2])
    (photos / "nothing.png").write_bytes(b"")
    (photos / "letter.png").write_text("Dear Sir or Madam")
    (photos / "00.png").rename(photos / "misnamed.jpg")  # content decides, not the ending
    enormous(photos / "bomb.png")
    labels = tmp_path / "labels.csv"
    rows = [f"{number:02}.png,{'ab'[number % 2]}" for number in range(1, 29)]
    labels.write_text("\n".join(["id,label", *rows, "29.png,alone", "lost.png,a"]) + "\n")
    done = learn(photos, "--labels", labels)
    skipped = went_on(done, tmp_path / "run")
    assert set(skipped) == {"cut.png", "nothing.png", "letter.png", "bomb.png", "lost.png"}
    assert "more pixels than a picture can honestly have" in skipped["bomb.png"]
    assert "labels.csv" in skipped["lost.png"]
    assert "5 skipped" in done.stdout
    assert "30 samples" in done.stdout
    assert "one member only" in done.stdout, done.stdout
    assert "one member only" in " ".join(json.loads((tmp_path / "run" / "data.json").read_text())["notes"])


def test_two_labels_for_one_file(learn, digits, tmp_path):
    photos = save(digits[:20], tmp_path / "photos")
    (tmp_path / "labels.csv").write_text("id,label\n00.png,cat\n00.png,dog\n")
    refused(learn(photos, "--labels", "labels.csv"), "labels.csv", "00.png", "cat", "dog", "leave one")
    (tmp_path / "labels.csv").write_text("id,label\nnone.png,cat\n")
    refused(learn(photos, "--labels", "labels.csv"), "labels.csv", "none.png")
    assert not (tmp_path / "run").exists()


def nothing_there(folder: Path, digits: np.ndarray) -> str:
    (folder / "data").mkdir()
    return "empty"


def one_picture(folder: Path, digits: np.ndarray) -> str:
    save(digits[:1], folder / "data")
    return "at least 8"


def all_alike(folder: Path, digits: np.ndarray) -> str:
    save(np.repeat(digits[:1], 20, axis=0), folder / "data")
    return "identical"


def only_broken(folder: Path, digits: np.ndarray) -> str:
    (folder / "data").mkdir()
    for number in range(12):
        (folder / "data" / f"{number}.png").write_bytes(b"")
    return "0.png"


def not_pictures(folder: Path, digits: np.ndarray) -> str:
    (folder / "data").mkdir()
    (folder / "data" / "notes.xyz").write_text("hello")
    return ".xyz"


@pytest.mark.parametrize("make", [nothing_there, one_picture, all_alike, only_broken, not_pictures])
def test_what_nothing_can_be_learned_from(make, learn, digits, tmp_path):
    said = make(tmp_path, digits)
    refused(learn("data"), said)
    assert not (tmp_path / "run").exists()


def test_pixels_that_are_not_numbers(learn, digits, tmp_path):
    pictures = digits.astype(np.float32) / 255
    pictures[3, 2, 2], pictures[7, 0, 0] = np.nan, np.inf
    np.save(tmp_path / "data.npy", pictures)
    done = learn("data.npy")
    assert len(went_on(done, tmp_path / "run")) == 2
    assert "2 skipped" in done.stdout
    np.save(tmp_path / "data.npy", np.full_like(pictures, np.nan))
    refused(learn("data.npy", "--overwrite"), "40 pictures", "NaN", "replace")


def test_a_folder_without_permission(selflearn, digits):
    with tempfile.TemporaryDirectory() as open_to_all:  # pytest's own folders are closed to anyone else
        folder = Path(open_to_all)
        folder.chmod(0o755)
        photos = save(digits[:20], folder / "photos")
        photos.chmod(0)
        done = selflearn("learn", photos, cwd=folder, nobody=os.geteuid() == 0)
        photos.chmod(0o700)
    refused(done, "photos", "ermission")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--preset", "smal"], "small"),
        (["--set", "optimiser.lerning_rate=1"], "lerning_rate"),
        (["--set", "batch=many"], "batch"),
        (["--holdout", "2"], "holdout"),
        (["--precision", "8"], "precision"),
        (["--device", "abacus"], "abacus"),
        (["--kind", "imag"], "image"),
        (["--size", "0"], "size"),
        (["--set", "encoder=resnet19"], "resnet18"),
    ],
)
def test_a_wrong_option_is_named(words, said, learn, tmp_path):
    refused(learn("digits", *words), said)
    assert not (tmp_path / "run").exists()


def test_a_disk_that_fills_up(learn, selflearn, digits, tmp_path):
    np.save(tmp_path / "data.npy", digits)
    refused(learn("data.npy", largest_file=100_000), "cannot write", "encoder", "Free some space")
    assert not list((tmp_path / "run").rglob("*writing*"))
    done = selflearn("learn", "--resume", "run", cwd=tmp_path)  # where there is space again
    went_on(done, tmp_path / "run")
    checkpoint, encoder = (next((tmp_path / "run").rglob(name)).stat().st_size for name in ("*-*.pt", "*.safetensors"))
    assert encoder < 0.7 * checkpoint
    done = learn("data.npy", "--overwrite", largest_file=(encoder + checkpoint) // 2)
    went_on(done, tmp_path / "run")
    assert "could not be written; is the disk full?" in done.stdout


def test_a_damaged_run_is_not_resumed(learn, selflearn, digits, tmp_path):
    np.save(tmp_path / "data.npy", digits)
    run = tmp_path / "run"
    went_on(learn("data.npy"), run)
    refused(learn("data.npy"), "already holds a run", "--resume", "--out")
    (run / "verdict.json").unlink()  # as if it had been killed before its end
    np.save(tmp_path / "data.npy", digits[::-1])
    refused(selflearn("learn", "--resume", "run", cwd=tmp_path), "run", "has changed", "new run")
    np.save(tmp_path / "data.npy", digits)
    for checkpoint in run.rglob("*.pt"):
        checkpoint.write_bytes(checkpoint.read_bytes()[:-100])
    refused(selflearn("learn", "--resume", "run", cwd=tmp_path), "run", "damaged", "start a new run")
    (run / "config.yaml").write_text("request: {source: [")
    refused(selflearn("learn", "--resume", "run", cwd=tmp_path), "config.yaml", "damaged")
    (run / "config.yaml").write_text("request: {sauce: data.npy}")
    refused(selflearn("learn", "--resume", "run", cwd=tmp_path), "sauce")
    (run / "run.json").unlink()
    refused(selflearn("learn", "--resume", "run", cwd=tmp_path), "run.json")
