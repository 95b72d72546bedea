"""Whether a processor's units for bfloat16 make it faster: some have the instructions, and are slower by them.

It is measured, once a machine: what was found lies in the cache, so that equal runs choose alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import time
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn

WORTH = 1.2  # times faster; processors lie far from it: 0.6 (Sapphire Rapids without AMX), 1.9 (EPYC), more with AMX
TIMES = 5  # in turn; the least of each counts


def faster(processor: str, folder: Path | None = None) -> bool:
    """Whether a convolution learns faster in bfloat16 than in float32 on this machine's CPU.

    Parameters
    ----------
    processor : what the machine calls it.
    folder : where answers are kept; by default $SELFLEARN_CACHE, else ~/.cache/selflearn.
    """
    folder = folder or Path(os.environ.get("SELFLEARN_CACHE") or Path.home() / ".cache" / "selflearn")
    return _asked(f"{processor}, {torch.get_num_threads()} threads, torch {torch.__version__}", folder / "bfloat16.json")


@lru_cache(maxsize=8)
def _asked(machine: str, file: Path) -> bool:
    known: dict[str, float] = {}
    with contextlib.suppress(OSError, ValueError):
        known = dict(json.loads(file.read_text(encoding="utf-8")))
    if not isinstance(known.get(machine), float):
        known[machine] = gain()
        with contextlib.suppress(OSError):  # without a place to keep it, it is measured again
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_name(f"{file.name}.{os.getpid()}")
            beside.write_text(json.dumps(known, indent=1), encoding="utf-8")
            beside.replace(file)
    return known[machine] >= WORTH


def gain() -> float:
    """How many times faster a 3 x 3 convolution with 64 channels goes forward and back in bfloat16. Takes a tenth of a second."""
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(16, 64, 16, 16, generator=generator).to(memory_format=torch.channels_last).requires_grad_()
    with torch.random.fork_rng(devices=[]):
        layer = nn.Conv2d(64, 64, 3, padding=1).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    least = [float("inf"), float("inf")]
    for number in range(2 * (TIMES + 1)):
        half = number % 2
        began = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=bool(half)):
            out = layer(maps)
        out.sum().backward()
        if number > 1:  # the first of each is for the libraries to prepare
            least[half] = min(least[half], time.perf_counter() - began)
    return round(least[0] / least[1], 3)


def processor() -> str:
    """Its name."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
