"""The machine and the libraries of a run, so that a number can be traced to what made it."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

import torch

from selflearn import __version__
from selflearn.training.bfloat16 import processor

LIBRARIES = ("torch", "lightning", "numpy", "scikit-learn", "pillow", "pyarrow", "transformers", "faiss-cpu", "onnxruntime")


def describe() -> dict[str, Any]:
    """Plain JSON: versions, processor, cores, memory, accelerator."""
    versions = {}
    for library in LIBRARIES:
        try:
            versions[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue
    return {
        "selflearn": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": _memory(),
        "accelerator": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "libraries": versions,
    }


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None
