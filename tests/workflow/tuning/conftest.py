"""A small real table, on which tuning takes seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_wine


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """178 wines, 13 numbers each, and which of three growers made it."""
    data = load_wine()
    path = tmp_path_factory.mktemp("wine") / "wine.csv"
    lines = [",".join([*(name.replace("/", " ") for name in data.feature_names), "grower"])]
    lines += [",".join([*(f"{value:g}" for value in row), f"g{label}"]) for row, label in zip(data.data, data.target, strict=True)]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture(scope="session")
def relabelled(wine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same wines, with growers drawn at random."""
    head, *rows = wine.read_text().splitlines()
    draws = np.random.default_rng(0).integers(3, size=len(rows))
    path = tmp_path_factory.mktemp("relabelled") / "wine.csv"
    path.write_text("\n".join([head, *(f"{row.rsplit(',', 1)[0]},g{draw}" for row, draw in zip(rows, draws, strict=True))]))
    return path
