"""What a .npy or .npz holds: from its headers alone, which is enough to recognise it; and its arrays, which are never unpickled."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from selflearn.data.options import free_memory
from selflearn.errors import DataError

DAMAGE = (
    OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error,
    tokenize.TokenError, SyntaxError,  # NumPy reads a header that looks like Python 2's with the tokeniser
    NotImplementedError, RuntimeError,  # a compression that zipfile does not know, a password
)  # fmt: skip
"""What opening and reading a damaged .npy or .npz may raise."""

Shape = tuple[tuple[int, ...], np.dtype[Any]]
Shapes = dict[str, Shape]


def shapes_of(path: Path) -> Shapes:
    """Name -> shape and type of the arrays in a .npy (called "values") or .npz; empty where it is neither."""
    found: Shapes = {}
    try:
        if path.suffix.lower() == ".npy":
            with path.open("rb") as file:
                return {"values": header(file)}
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".npy"):
                    with archive.open(name) as member:
                        found[name[: -len(".npy")]] = header(member)
    except DAMAGE:
        return {}
    return found


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a .npz by name; that of a .npy is called "values".

    Raises
    ------
    DataError : damaged, holding pickled objects (which could run code), or more than the memory holds, as a small file can tell.
    """
    size = sum(math.prod(shape) * dtype.itemsize for shape, dtype in shapes_of(path).values())
    if size > free_memory():
        raise DataError(f"{path} holds {size / 1e9:,.0f} GB of arrays, more than the free memory of {free_memory() / 1e9:,.1f} GB")
    try:
        loaded = np.load(path, allow_pickle=False)
        return {"values": loaded} if isinstance(loaded, np.ndarray) else {name: loaded[name] for name in loaded.files}
    except DAMAGE as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path} cannot be read as arrays: it is damaged or holds pickled objects, which could run code ({why})"
        ) from error


def header(file: IO[bytes]) -> Shape:
    """Shape and type from the beginning of a .npy file.

    Raises
    ------
    One of `DAMAGE` : it does not begin as one.
    """
    version = npy.read_magic(file)
    shape, _, dtype = npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)
    return tuple(shape), dtype
