"""Which device, and which number format on it. The choice is the machine's, and it is said."""

from __future__ import annotations

import platform
from typing import NamedTuple

import torch

from selflearn.errors import RecipeError
from selflearn.training.bfloat16 import faster, processor

NAMES = ("auto", "32", "bf16", "16")


class PrecisionChoice(NamedTuple):
    """How numbers are kept while learning.

    Attributes
    ----------
    precision : "32", "bf16" or "16" (the last two by autocast: weights stay float32).
    channels_last : whether pictures lie in memory channel by channel within a pixel, as fast convolutions want it.
    reason : why, for a person.
    """

    precision: str
    channels_last: bool
    reason: str

    @property
    def dtype(self) -> torch.dtype | None:
        """What autocast computes in; None for no autocast."""
        return {"32": None, "bf16": torch.bfloat16, "16": torch.float16}[self.precision]

    @property
    def lightning(self) -> str:
        """The name Lightning's Trainer has for it."""
        return {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}[self.precision]


def choose_device(name: str = "auto") -> torch.device:
    """The device of this name; "auto" takes a GPU where there is one.

    Raises
    ------
    RecipeError : this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise RecipeError(f"{name!r} is not a device; use auto, cpu, cuda, cuda:1 or mps") from error
    here = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}.get(device.type, 0)
    if (device.index or 0) >= here:
        raise RecipeError(f"this machine has no device {name!r}; use --device auto or --device cpu")
    return device


def choose_precision(device: torch.device | str, wanted: str = "auto") -> PrecisionChoice:
    """The number format for a device: bfloat16 where its units for it make it faster, else float32.

    Parameters
    ----------
    device : where the model lies.
    wanted : "auto", or one of "32", "bf16", "16" to overrule the choice.

    Raises
    ------
    RecipeError : an unknown format, or "16" without a GPU (its loss scaling needs one).
    """
    device = torch.device(device)
    if wanted not in NAMES:
        raise RecipeError(f"{wanted!r} is not a precision; use one of {', '.join(NAMES)}")
    if wanted == "16" and device.type != "cuda":
        raise RecipeError(f"precision 16 needs a CUDA GPU, not {device}; use bf16, 32 or auto")
    last = device.type in {"cpu", "cuda"}
    fast, why = _bfloat16(device)
    if wanted != "auto":
        slow = "; this machine computes it slowly" if wanted == "bf16" and not fast else ""
        return PrecisionChoice(wanted, last, f"asked for{slow}")
    return PrecisionChoice("bf16" if fast else "32", last, why)


def _bfloat16(device: torch.device) -> tuple[bool, str]:
    """Whether bfloat16 is the faster format there, and why."""
    if device.type == "cuda":
        major, _ = torch.cuda.get_device_capability(device)
        if major >= 8:
            return True, f"{torch.cuda.get_device_name(device)} computes bfloat16 in hardware"
    if device.type == "cpu" and (unit := _unit()):
        if faster(processor()):
            return True, f"the processor ({unit}) is faster in bfloat16"
        return False, f"the processor has {unit}, and is no faster by it"
    return False, f"{device} has no hardware for bfloat16"


def _unit() -> str:
    """The name of the processor's instructions for bfloat16; empty where it has none."""
    for unit, check in (("AMX", "_is_amx_tile_supported"), ("AVX512-BF16", "_is_avx512_bf16_supported")):
        if getattr(torch.cpu, check, lambda: False)():
            return unit
    arm = platform.machine() in {"aarch64", "arm64"} and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return "Arm bf16" if arm else ""
