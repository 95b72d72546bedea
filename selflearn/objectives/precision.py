"""Losses are computed in float32 whatever autocast says: exponentials and variances of bfloat16 keep two digits."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def full_precision(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Run `function` with half-precision tensors widened to float32 and autocast off; float64 is left as it is."""

    @functools.wraps(function)
    def widened(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        given = [_widen(each) for each in args]
        named = {name: _widen(each) for name, each in kwargs.items()}
        device = next((each.device.type for each in (*given, *named.values()) if isinstance(each, Tensor)), "cpu")
        with torch.autocast(device, enabled=False):
            return function(*given, **named)  # type: ignore[arg-type]

    return widened


def _widen(value: object) -> object:
    half = isinstance(value, Tensor) and value.dtype in {torch.float16, torch.bfloat16}
    return value.float() if half else value  # type: ignore[attr-defined]
