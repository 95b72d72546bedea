"""Encoding several views: one at a time, or those of one size together where their batch statistics are to be shared.

Large batches are encoded in chunks of which backward keeps nothing but the samples, and encodes them again: the memory of one chunk
for the gradient of the whole batch (Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", 2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from selflearn.data.batch import Batch
from selflearn.networks import Features


def encode(encoder: nn.Module, views: list[Batch], joined: bool, chunk: int = 0) -> list[Features]:
    """What `encoder` says of each view.

    Parameters
    ----------
    encoder : an encoder or its teacher; called once a view, or once a run of neighbouring views that fit together.
    views : of equally many samples.
    joined : whether neighbouring views of equal shape share one call.
    chunk : the most samples in a call, 0 for any number. Batch statistics are then those of a chunk.
    """
    if not joined:
        return [_chunked(encoder, view, chunk) for view in views]
    found: list[Features] = []
    for together in _runs(views):
        features = _chunked(encoder, type(together[0]).join(together), chunk)
        found += [_part(features, number, len(together[0])) for number in range(len(together))]
    return found


def _chunked(encoder: nn.Module, view: Batch, chunk: int) -> Features:
    if not chunk or len(view) <= chunk:
        return cast(Features, encoder(view))
    learns = torch.is_grad_enabled() and any(weight.requires_grad for weight in encoder.parameters())
    parts = []
    for rows in torch.arange(len(view), device=view.device).split(chunk):
        part = view.select(rows)
        parts.append(
            checkpoint(encoder, part, use_reentrant=False, context_fn=lambda: (nullcontext(), _still(encoder)))
            if learns
            else encoder(part)
        )
    # The map of a convolutional network would fill the memory that chunks save.
    pieces = "tokens" in getattr(getattr(encoder, "average", encoder), "capabilities", ("tokens",))
    return Features(torch.cat([part.pooled for part in parts]), _joined([part.tokens for part in parts]) if pieces else None)


def _joined(tokens: list[Tensor | None]) -> Tensor | None:
    """Tokens of all chunks, where they are of one shape."""
    known = [each for each in tokens if each is not None]
    return torch.cat(known) if len(known) == len(tokens) and len({each.shape[1:] for each in known}) == 1 else None


@contextmanager
def _still(encoder: nn.Module) -> Iterator[None]:
    """Meanwhile running statistics stand still: they have followed these samples already."""
    norms = [module for module in encoder.modules() if isinstance(module, _BatchNorm)]
    kept = [(norm, norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
        norm.num_batches_tracked = None if norm.num_batches_tracked is None else norm.num_batches_tracked.clone()
    try:
        yield
    finally:
        for norm, momentum, count in kept:
            norm.momentum, norm.num_batches_tracked = momentum, count


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
