"""Small real picture files, made where a test wants them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from PIL import Image


class Pictures(Protocol):
    def __call__(
        self, folder: Path, count: int = 10, size: tuple[int, int] = (12, 10), mode: str = "RGB", ending: str = "png"
    ) -> list[Path]: ...


@pytest.fixture
def pictures() -> Pictures:
    """Writes `count` different pictures of noise, `size` being (width, height)."""

    def write(
        folder: Path, count: int = 10, size: tuple[int, int] = (12, 10), mode: str = "RGB", ending: str = "png"
    ) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for number in range(count):
            noise: Any = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
            paths.append(folder / f"{number:03d}.{ending}")
            Image.fromarray(noise).convert(mode).save(paths[-1])
        return paths

    return write
