"""Archives of arrays are looked at before they are read, and nothing in them runs or fills the memory."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy

from selflearn.data import read
from selflearn.data.headers import load_arrays, shapes_of
from selflearn.errors import DataError


def telling_of(shape: tuple[int, ...], kind: str = "<f4") -> bytes:
    """A .npy of a few zeros that tells of many."""
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"descr": kind, "fortran_order": False, "shape": shape})
    return file.getvalue() + bytes(400)


@pytest.mark.parametrize(
    ("kind", "arrays"),
    [
        ("table", {"X": telling_of((10**9, 10**4))}),
        ("series", {"x": telling_of((10**7, 3, 10**6))}),
        ("sound", {"audio": telling_of((10**13,), "<i2"), "offsets": telling_of((9,), "<i8")}),
        ("graph", {"edges": telling_of((2, 10**13), "<i8")}),
    ],
)
def test_a_small_file_that_tells_of_terabytes_is_refused(tmp_path: Path, kind: str, arrays: dict[str, bytes]) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, content in arrays.items():
            archive.writestr(f"{name}.npy", content)
    with pytest.raises(DataError, match="GB of arrays, more than the free memory"):
        read(tmp_path / "a.npz", kind=kind)


def test_arrays_come_by_name_and_pickles_and_damage_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", one=np.arange(3), two=np.eye(2))
    assert {name: each.tolist() for name, each in load_arrays(tmp_path / "a.npz").items()} == {
        "one": [0, 1, 2],
        "two": [[1, 0], [0, 1]],
    }
    np.save(tmp_path / "p.npy", np.array([{}, {}], dtype=object), allow_pickle=True)
    (tmp_path / "t.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:60])
    (tmp_path / "s.npy").write_bytes(telling_of((1000,)))
    for name in ("p.npy", "t.npz", "s.npy"):
        with pytest.raises(DataError, match="damaged or holds pickled objects"):
            load_arrays(tmp_path / name)


def test_a_header_that_python_cannot_even_cut_into_words_is_damage(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((20, 8, 8), np.uint8))
    content = (tmp_path / "a.npy").read_bytes()
    for name, broken in (("one", content.replace(b"}", b" ")), ("two", content.replace(b"8, 8", b"8L,(")), ("three", content[:40])):
        path = tmp_path / f"{name}.npy"
        path.write_bytes(broken)
        with pytest.raises(DataError):
            read(path, kind="image", cache=False)
        assert shapes_of(path) == {}
