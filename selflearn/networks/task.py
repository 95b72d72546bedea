"""Encoders of tasks by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from selflearn.data.tasks.spec import TaskSpec
from selflearn.networks.encoder import Encoder
from selflearn.networks.set_transformer import SetTransformer


def set_transformer(
    spec: TaskSpec,
    *,
    width: Annotated[int, Field(ge=2, le=4096)] = 64,
    depth: Annotated[int, Field(ge=1, le=64)] = 4,
    heads: Annotated[int, Field(ge=1, le=64)] = 4,
    align: bool = True,
) -> Encoder:
    """A transformer over points that attend to the context; the published ones have a width of 512 and 6 to 12 blocks.

    Parameters
    ----------
    spec : a task spec.
    width, depth, heads : length of a token, number of blocks, attention heads.
    align : bring tasks whose scale is their own into one form first; the published network learns to do without.
    """
    return SetTransformer(spec, width, depth, heads, align)


ENCODERS: dict[str, Callable[..., Encoder]] = {"set-transformer": set_transformer}


def default(spec: TaskSpec, accelerator: bool, needs: frozenset[str] = frozenset()) -> str:
    """There is one."""
    return "set-transformer"
