"""Encoding several views: one at a time, or those of one size together where their batch statistics are to be shared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.networks import Features


def encode(encoder: Callable[[Batch], Features], views: list[Batch], joined: bool) -> list[Features]:
    """What `encoder` says of each view.

    Parameters
    ----------
    encoder : an encoder or its teacher; called once a view, or once a run of neighbouring views that fit together.
    views : of equally many samples.
    joined : whether neighbouring views of equal shape share one call.
    """
    if not joined:
        return [encoder(view) for view in views]
    found: list[Features] = []
    for together in _runs(views):
        features = encoder(_join(together))
        found += [_part(features, number, len(together[0])) for number in range(len(together))]
    return found


def _runs(views: list[Batch]) -> list[list[Batch]]:
    """Neighbouring views of the same shapes, in order."""
    runs: list[list[Batch]] = []
    for view in views:
        if runs and _shapes(runs[-1][0]) == _shapes(view):
            runs[-1].append(view)
        else:
            runs.append([view])
    return runs


def _tensors(view: Batch) -> dict[str, Tensor]:
    fields = {each.name: getattr(view, each.name) for each in dataclasses.fields(view)}
    return {name: value for name, value in fields.items() if isinstance(value, Tensor)}


def _shapes(view: Batch) -> tuple[object, ...]:
    return view.scope, *((name, value.shape) for name, value in _tensors(view).items())


def _join(views: list[Batch]) -> Batch:
    if len(views) == 1:
        return views[0]
    parts = [_tensors(view) for view in views]
    whole: dict[str, Any] = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    return dataclasses.replace(views[0], **whole, changes={})


def _part(features: Features, number: int, samples: int) -> Features:
    rows = slice(number * samples, (number + 1) * samples)
    return Features(
        features.pooled[rows],
        None if features.tokens is None else features.tokens[rows],
        tuple(layer[rows] for layer in features.layers),
    )
