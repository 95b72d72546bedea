"""What many tests share: one thread a process, a cache of their own, real data where there is some."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def _quiet_machine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One thread, so that parallel tests do not fight; a cache that leaves no trace."""
    import torch

    torch.set_num_threads(1)
    os.environ["SELFLEARN_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of larger real data sets, or a skip that says why."""
    folder = os.environ.get("SELFLEARN_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SELFLEARN_DATA names no folder with the larger data sets")
    return Path(folder)


@pytest.fixture(scope="session")
def few_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An .npz of 240 real scans of digits with their labels: enough to run everything, small enough to be quick."""
    import numpy as np
    from sklearn.datasets import load_digits

    digits = load_digits()
    path = tmp_path_factory.mktemp("data") / "few.npz"
    np.savez(path, images=(digits.images[:240] * 15.9).astype(np.uint8), labels=digits.target[:240])
    return path
