"""Packed graphs: selecting, joining and padding never mix one graph with another; neighbourhoods are what was within reach."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.neighbourhoods import Neighbourhoods
from selflearn.data.graphs.spec import GraphSpec
from selflearn.data.graphs.statistics import described, patterns, propagated


def packed(sizes=(3, 1, 4), seed=0) -> GraphBatch:
    """Rings of these sizes; the first feature is the number of the graph."""
    owner = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    pairs, start = [], 0
    for size in sizes:
        ends = {tuple(sorted((node, (node + 1) % size))) for node in range(size) if size > 1}
        pairs += [(start + a, start + b) for a, b in sorted(ends)]
        start += size
    values = torch.cat([owner[:, None].float(), torch.randn(len(owner), 2, generator=torch.Generator().manual_seed(seed))], dim=1)
    rows = torch.arange(len(sizes))
    return GraphBatch(values, rows, rows % 2, pairs=torch.tensor(pairs).T, owner=owner)


def shared(nodes=6) -> GraphBatch:
    start = torch.arange(nodes - 1)
    return GraphBatch(
        torch.randn(nodes, 2),
        torch.tensor([4, 1]),
        torch.tensor([0, 1]),
        pairs=torch.stack([start, start + 1]),
        seeds=torch.tensor([4, 1]),
    )


def test_padding_and_unpadding_undo_each_other():
    batch = packed()
    padded = batch.pad(batch.values)
    assert padded.shape == (3, 4, 3)
    assert torch.equal(batch.unpad(padded), batch.values)
    assert batch.real().sum(1).tolist() == [3, 1, 4]
    assert (padded[~batch.real()] == 0).all()
    one = shared()
    assert one.pad(one.values).shape == (1, 6, 2)
    assert torch.equal(one.unpad(one.pad(one.values)), one.values)


@pytest.mark.parametrize("rows", [[2, 0], [1], [0, 1, 2], [2, 2, 0]])
def test_selecting_takes_whole_graphs_in_the_order_asked(rows):
    batch = packed()
    chosen = batch.select(torch.tensor(rows))
    assert chosen.index.tolist() == rows
    assert chosen.sizes.tolist() == [[3, 1, 4][row] for row in rows]
    assert chosen.values[:, 0].tolist() == [float(row) for row in rows for _ in range([3, 1, 4][row])]
    assert (chosen.owner[chosen.pairs[0]] == chosen.owner[chosen.pairs[1]]).all()
    assert chosen.pairs.shape[1] == sum([3, 0, 4][row] for row in rows)


def test_selecting_nodes_keeps_the_graph_around_them():
    chosen = shared().select(torch.tensor([False, True]))
    assert len(chosen) == 1
    assert chosen.seeds.tolist() == [1]
    assert chosen.nodes == 6


def test_joining_adds_no_edge_between_batches():
    first, second = packed((3, 2)), packed((4,))
    assert first.fits(second)
    joined = GraphBatch.join([first, second])
    assert joined.sizes.tolist() == [3, 2, 4]
    assert (joined.owner[joined.pairs[0]] == joined.owner[joined.pairs[1]]).all()
    assert torch.equal(joined.select(torch.tensor([2])).pairs, second.pairs)
    two = GraphBatch.join([shared(), shared()])
    assert two.seeds.tolist() == [4, 1, 10, 7]
    assert not first.fits(shared())


def test_a_neighbourhood_is_what_can_be_reached():
    rng = np.random.default_rng(0)
    ends = np.unique(np.sort(rng.integers(0, 60, (2, 150)), axis=0), axis=1)
    ends = ends[:, ends[0] != ends[1]]
    joined = np.eye(60, dtype=bool)
    joined[ends[0], ends[1]] = joined[ends[1], ends[0]] = True
    for hops in (1, 2, 3):
        nodes, pairs = Neighbourhoods(ends, 60, hops, fanout=60).around(np.array([7, 31]))
        reach = np.linalg.matrix_power(joined.astype(int), hops)[[7, 31]].any(axis=0)
        assert nodes.tolist() == np.flatnonzero(reach).tolist()
        assert joined[nodes[pairs[0]], nodes[pairs[1]]].all()


def test_few_neighbours_are_followed_and_the_same_each_time():
    star = np.stack([np.zeros(50, dtype=np.int64), np.arange(1, 51)])
    hoods = Neighbourhoods(star, 51, hops=2, fanout=5)
    nodes, pairs = hoods.around(np.array([0]))
    assert len(nodes) == 6
    assert pairs.shape == (2, 5)
    assert np.array_equal(nodes, hoods.around(np.array([0]))[0])
    around_leaf, _ = hoods.around(np.array([3]))
    assert set(around_leaf) == {3, *nodes.tolist()}


def test_propagating_is_the_normalised_matrix_twice():
    batch = shared()
    matrix = torch.eye(6)
    matrix[batch.pairs[0], batch.pairs[1]] = matrix[batch.pairs[1], batch.pairs[0]] = 1
    scale = matrix.sum(1).rsqrt()
    matrix = scale[:, None] * matrix * scale
    assert torch.allclose(propagated(batch, batch.values), matrix @ matrix @ batch.values, atol=1e-6)


def test_patterns_do_not_depend_on_the_order_of_nodes_and_tell_rings_from_paths():
    ring = packed((6,))
    ring.values = torch.ones(6, 1)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    place = order.argsort()
    turned = ring.replace(pairs=place[ring.pairs])
    assert torch.equal(patterns(ring), patterns(turned))
    path = ring.replace(pairs=ring.pairs[:, 1:])
    assert not torch.equal(patterns(ring), patterns(path))
    assert patterns(ring).sum() == 6 * 4


def test_a_description_has_one_row_a_sample_and_no_gaps():
    spec = GraphSpec(level="graph", features=3, mean=(0.0,) * 3, std=(1.0,) * 3)
    found = described(spec, packed())
    assert len(found) == 3
    assert found.isfinite().all()
