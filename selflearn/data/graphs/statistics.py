"""Graphs at the unit scale, and as vectors with nothing learned: what views begin with and the dull baselines are made of."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.spec import GraphSpec

DEGREES = 16
REFINEMENTS = 3
BUCKETS = 512
_PRIMES = (2_654_435_761, 40_503, 2_246_822_519)  # of multiplicative hashing; any large odd numbers would do
_CELLS = 1 << 31


def standardised(spec: GraphSpec, values: Tensor) -> Tensor:
    """(nodes, features) float32 at the unit scale. (Reading has filled what was missing.)"""
    values = values.to(torch.float32)
    if not spec.indicators:
        mean, std = (torch.tensor(each, dtype=torch.float32, device=values.device) for each in (spec.mean, spec.std))
        values = (values - mean) / std
    return F.normalize(values, dim=1) if spec.unit else values


def propagated(batch: GraphBatch, values: Tensor, times: int = 2) -> Tensor:
    """``(D^-1/2 (A + I) D^-1/2)^times X``: features averaged over neighbours, with nothing trained (Wu et al., "Simplifying Graph
    Convolutional Networks", 2019).
    """
    scale = (degrees(batch) + 1).rsqrt()[:, None]
    weights = batch.edge_weights
    source, target = batch.edges
    for _ in range(times):
        scaled = values * scale
        sent = scaled[source] if weights is None else scaled[source] * weights[:, None]
        values = (scaled.index_add(0, target, sent)) * scale
    return values


def degrees(batch: GraphBatch) -> Tensor:
    """(nodes,) float, the number (or weight) of each node's edges."""
    ones = batch.weights if batch.weights is not None else torch.ones(batch.pairs.shape[1], device=batch.device)
    return torch.zeros(batch.nodes, device=batch.device).index_add(0, batch.pairs.flatten(), ones.repeat(2))


def described(spec: GraphSpec, batch: GraphBatch) -> Tensor:
    """(batch, numbers) of a batch at the unit scale, with nothing learned.

    Of a node: its features propagated twice, at unit length. Of a graph: mean and deviation of its nodes' features, as they are and
    propagated; shares of its nodes by number of neighbours; its size; and how often each pattern of neighbourhoods occurs,
    by `patterns`.
    """
    if spec.level == "node":
        found = F.normalize(propagated(batch, batch.values), dim=1)
        return found if batch.seeds is None else found[batch.seeds]
    assert batch.owner is not None
    once = propagated(batch, batch.values, 1)
    known = torch.cat([batch.values, once, propagated(batch, once, 1)], dim=1)
    degree = degrees(batch).round().long().clamp(max=DEGREES - 1)
    shares = _mean(batch, F.one_hot(degree, DEGREES).float())
    mean = _mean(batch, known)
    deviation = (_mean(batch, known.square()) - mean.square()).clamp(min=0).sqrt()
    edges = torch.bincount(batch.owner[batch.pairs[0]], minlength=len(batch)).float()
    size = torch.stack([batch.sizes.float(), edges], dim=1).log1p()
    return torch.cat([mean, deviation, shares, size, patterns(batch).log1p()], dim=1)


def patterns(batch: GraphBatch, refinements: int = REFINEMENTS, buckets: int = BUCKETS) -> Tensor:
    """(batch, (refinements + 1) x buckets) counts of nodes by what they and their neighbourhoods are.

    Weisfeiler and Lehman's refinement, whose counts Shervashidze et al. ("Weisfeiler-Lehman Graph Kernels", 2011) compare: a node's
    colour and the multiset of its neighbours' make its next colour. Colours are hashed, so that no table of them is needed
    and unseen graphs have the same columns; two that share a bucket are counted together.
    """
    assert batch.owner is not None
    source, target = batch.edges
    # Features that are the same make the same first colour; numbers are compared to one decimal.
    powers = torch.arange(1, batch.values.shape[1] + 1, device=batch.device) * _PRIMES[0] % _CELLS
    colour = _mixed(((batch.values * 10).round().long() * powers).sum(dim=1) % _CELLS)
    counts = []
    for number in range(refinements + 1):
        cells = batch.owner * buckets + colour % buckets
        counts.append(torch.bincount(cells, minlength=len(batch) * buckets).reshape(len(batch), buckets))
        if number < refinements:
            around = torch.zeros_like(colour).index_add(0, target, _mixed(colour * _PRIMES[1] + 1)[source])
            colour = _mixed(colour * _PRIMES[2] % _CELLS + around % _CELLS)
    return torch.cat(counts, dim=1).float()


def _mixed(colour: Tensor) -> Tensor:
    """A number below 2^31 that looks random and is a function of the colour alone."""
    colour = (colour % _CELLS) * 1_103_515_245 + 12_345
    colour = (colour ^ (colour >> 15)) % _CELLS
    return (colour * 69_069 + 1) % _CELLS


def _mean(batch: GraphBatch, values: Tensor) -> Tensor:
    """(batch, dim) the mean over each graph's nodes."""
    assert batch.owner is not None
    total = values.new_zeros((len(batch), values.shape[1])).index_add(0, batch.owner, values)
    return total / batch.sizes.clamp(min=1)[:, None]
