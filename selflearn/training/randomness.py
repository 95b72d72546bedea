"""Randomness is given: everything drawn in an update comes from (seed, micro-batch, rank), so a resumed run draws the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def seed_of(seed: int, micro: int, rank: int = 0) -> int:
    """A 63-bit seed that is well mixed: neighbouring arguments give unrelated streams."""
    return int(np.random.SeedSequence([seed, micro, rank]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def seed_globals(seed: int) -> None:
    """Seed torch's, NumPy's and Python's global generators, for library code that knows no other (dropout in pretrained bodies)."""
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # else torch.manual_seed would note, with a stack trace each time, to do so later
        torch.cuda.manual_seed_all(seed)
    np.random.seed(seed & 0xFFFFFFFF)  # noqa: NPY002 (the legacy generator is the point here)
    random.seed(seed)


@contextmanager
def global_state_kept() -> Iterator[None]:
    """The caller's global generators (torch on the CPU, NumPy, Python) are afterwards as they were before."""
    kept = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002
    try:
        yield
    finally:
        torch.set_rng_state(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        random.setstate(kept[2])
