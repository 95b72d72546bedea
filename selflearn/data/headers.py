"""What a .npy or .npz holds, from its headers alone: enough to recognise it, and nothing is unpacked or unpickled."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

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
    except (OSError, ValueError, zipfile.BadZipFile, EOFError):
        return {}
    return found


def header(file: IO[bytes]) -> Shape:
    """Shape and type from the beginning of a .npy file.

    Raises
    ------
    ValueError : it does not begin as one.
    """
    version = npy.read_magic(file)
    shape, _, dtype = npy.read_array_header_1_0(file) if version == (1, 0) else npy.read_array_header_2_0(file)
    return tuple(shape), dtype
