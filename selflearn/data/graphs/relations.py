"""How the nodes of a graph stand to each other: steps between them, centres, labels that spread. Nothing here is learned."""

from __future__ import annotations

import torch
from torch import Tensor


def adjacency(pairs: Tensor, nodes: int) -> Tensor:
    """(nodes, nodes) sparse, 1 where an edge is, in both directions; `pairs` (2, edges) hold each edge once."""
    ends = torch.cat([pairs, pairs.flip(0)], dim=1)
    ones = torch.ones(ends.shape[1], device=pairs.device)
    return torch.sparse_coo_tensor(ends, ones, (nodes, nodes), check_invariants=False).coalesce()


def hops(joined: Tensor, sources: Tensor, most: int | None = None) -> Tensor:
    """Steps of the shortest way from each source to each node.

    Parameters
    ----------
    joined : (nodes, nodes) from `adjacency`.
    sources : (sources,) int64.
    most : ways of more steps are not looked for; None follows all.

    Returns
    -------
    (nodes, sources) int64, -1 where there is no such way.
    """
    found = torch.full((joined.shape[0], len(sources)), -1, dtype=torch.int64, device=sources.device)
    columns = torch.arange(len(sources), device=sources.device)
    found[sources, columns] = 0
    front, step = (found == 0).float(), 0
    while most is None or step < most:
        step += 1
        new = (torch.sparse.mm(joined, front) > 0) & (found < 0)
        if not bool(new.any()):
            break
        found[new] = step
        front = new.float()
    return found


def nearness(steps: Tensor) -> Tensor:
    """``1 / (1 + steps)``: 1 for a node itself, 0 where there is no way (-1). Of any shape."""
    return torch.where(steps < 0, 0.0, 1.0 / (1.0 + steps.clamp(min=0).float()))


def centres(joined: Tensor, count: int) -> Tensor:
    """(count,) nodes of many neighbours that lie far from each other; fewer in smaller graphs.

    The first has the most neighbours; each next has the largest product of its degree and its steps to the nearest one taken (nodes
    that none of them reaches count as the farthest). They stand for the middles of parts of the graph.
    """
    degree = torch.sparse.sum(joined, dim=1).to_dense()
    taken = [int(degree.argmax())]
    nearest = hops(joined, torch.tensor(taken, device=degree.device))[:, 0]
    while len(taken) < min(count, len(degree)):
        beyond = nearest.max() + 1
        score = torch.where(nearest < 0, beyond, nearest) * (degree + 1e-3)
        score[taken] = -1.0
        taken.append(int(score.argmax()))
        steps = hops(joined, torch.tensor(taken[-1:], device=degree.device))[:, 0]
        nearest = torch.where((nearest < 0) | ((steps >= 0) & (steps < nearest)), steps, nearest)
    return torch.tensor(taken, device=degree.device)


def spread(joined: Tensor, shares: Tensor, known: Tensor, rounds: int = 50) -> Tensor:
    """Labels that spread: every unknown node takes the mean of its neighbours, and the known ones stay, ``F <- D^-1 A F``.

    Parameters
    ----------
    joined : (nodes, nodes) from `adjacency`.
    shares : (nodes, classes) the share of each class; only the rows of known nodes are read.
    known : (nodes,) bool.
    rounds : after infinitely many, `F` is harmonic: at each unknown node exactly the mean around it.

    Returns
    -------
    (nodes, classes); rows sum to 1 where a known node reaches within so many steps, and at most to 1.

    Source: Zhu, Ghahramani and Lafferty, "Semi-supervised Learning Using Gaussian Fields and Harmonic Functions", 2003.
    """
    degree = torch.sparse.sum(joined, dim=1).to_dense().clamp(min=1)[:, None]
    start = torch.where(known[:, None], shares, 0.0)
    found = start
    for _ in range(rounds):
        found = torch.where(known[:, None], start, torch.sparse.mm(joined, found) / degree)
    return found
