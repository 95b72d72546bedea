"""Encoding several views: one at a time, or those of one size together where their batch statistics are to be shared."""

from __future__ import annotations

from collections.abc import Callable

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
        features = encoder(type(together[0]).join(together))
        found += [_part(features, number, len(together[0])) for number in range(len(together))]
    return found


def _runs(views: list[Batch]) -> list[list[Batch]]:
    """Neighbouring views that fit together, in order."""
    runs: list[list[Batch]] = []
    for view in views:
        if runs and runs[-1][0].fits(view):
            runs[-1].append(view)
        else:
            runs.append([view])
    return runs


def _part(features: Features, number: int, samples: int) -> Features:
    """One view's rows. Tokens are kept where each sample has a row of them; samples that share one (nodes of a graph) keep none."""
    rows = slice(number * samples, (number + 1) * samples)
    own = features.tokens is not None and len(features.tokens) == len(features.pooled)
    return Features(
        features.pooled[rows],
        features.tokens[rows] if own and features.tokens is not None else None,
        tuple(layer[rows] for layer in features.layers) if own else (),
        features.mask[rows] if own and features.mask is not None else None,
    )
