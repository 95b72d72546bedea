from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selflearn.data import read, recognise
from selflearn.errors import DataError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (12, 16, 16), dtype=np.uint8)
LABELS = np.arange(12) % 3


def test_an_npy_file_is_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PIXELS)
    data = read(tmp_path / "x.npy")
    assert recognise(tmp_path / "x.npy").kind == "image"
    assert torch.equal(data.batch([3]).values[:, 0], torch.from_numpy(PIXELS[[3]]))
    assert data.fingerprint == read(PIXELS).fingerprint


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y"),
        ("images", "labels"),
        ("x_train", "y_train"),
        ("train_images", "train_labels"),
        ("X", "target"),
        ("data", "label"),
    ],
)
def test_pictures_and_labels_are_found_by_their_usual_names(tmp_path: Path, names: tuple[str, str]) -> None:
    others = {"x_test": PIXELS[:5], "y_test": LABELS[:5]} if "train" in names[0] else {}
    np.savez(tmp_path / "d.npz", **others, **{names[0]: PIXELS, names[1]: LABELS}, class_names=np.array(["a", "b", "c", "d"]))
    data = read(tmp_path / "d.npz")
    assert len(data) == 12
    assert data.labels.tolist() == LABELS.tolist()
    assert data.facts.classes == ["a", "b", "c", "d"]
    assert any("training part" in note for note in data.facts.notes) == bool(others)


def test_groups_of_an_archive_are_kept(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", images=PIXELS, patient=np.arange(12) // 4)
    groups = read(tmp_path / "d.npz").facts.groups
    assert groups is not None
    assert len(set(groups)) == 3


def test_jpeg_files_end_to_end(tmp_path: Path) -> None:
    blobs = []
    for pixels in PIXELS:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG")
        blobs.append(buffer.getvalue())
    blobs[4] = blobs[4][: len(blobs[4]) // 4]
    offsets = np.cumsum([0, *map(len, blobs)])
    np.savez(
        tmp_path / "d.npz", train_jpeg=np.frombuffer(b"".join(blobs), dtype=np.uint8), train_offsets=offsets, train_labels=LABELS
    )
    data = read(tmp_path / "d.npz")
    assert recognise(tmp_path / "d.npz").kind == "image"
    assert [item.what for item in data.facts.skipped] == ["4"]
    assert data.labels.tolist() == [*LABELS[:4], *LABELS[5:]]
    assert np.array_equal(data.batch([0]).values[0, 0].numpy(), np.asarray(Image.open(io.BytesIO(blobs[0]))))


def test_pickles_are_refused_and_not_run(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "ran",)  # type: ignore[return-value]

    np.save(tmp_path / "x.npy", np.array([Harm()] * 9), allow_pickle=True)
    np.savez(tmp_path / "x.npz", images=np.array([Harm()] * 9))
    for name in ("x.npy", "x.npz"):
        with pytest.raises(DataError):
            read(tmp_path / name)
        with pytest.raises(DataError, match="could run code"):
            read(tmp_path / name, kind="image")
    np.savez(tmp_path / "labels.npz", images=PIXELS, labels=np.array([Harm()] * 12))
    assert set(read(tmp_path / "labels.npz").labels) == {-1}
    assert not (tmp_path / "ran").exists()


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", images=PIXELS)
    np.save(tmp_path / "x.npy", PIXELS)
    for name in ("d.npz", "x.npy"):
        whole = (tmp_path / name).read_bytes()
        for content in (b"", whole[:40], whole[: len(whole) // 2], b"not an array at all"):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(DataError, match="damaged"):
                read(tmp_path / name)


def test_an_archive_without_pictures_says_what_it_has(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", points=np.zeros((80, 100, 3), dtype=np.float32))
    with pytest.raises(DataError, match="not of a known kind"):
        read(tmp_path / "d.npz")
    with pytest.raises(DataError, match=r"points float32\[80, 100, 3\]"):
        read(tmp_path / "d.npz", kind="image")


def test_real_archives(real_data: Path) -> None:
    fashion = read(real_data / "fashion_mnist" / "fashion_mnist.npz")
    assert (len(fashion), len(fashion.facts.classes)) == (60_000, 10)
    assert np.bincount(fashion.labels).tolist() == [6000] * 10
