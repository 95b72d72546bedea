"""Steps, centres and spreading labels on graphs whose answers are known."""

from __future__ import annotations

import pytest
import torch

from selflearn.data.graphs.relations import adjacency, centres, hops, nearness, spread


def path(nodes: int) -> torch.Tensor:
    return torch.stack([torch.arange(nodes - 1), torch.arange(1, nodes)])


def test_steps_on_a_path_are_differences_and_none_lead_elsewhere() -> None:
    joined = adjacency(path(6), 8)  # two nodes have no edge
    steps = hops(joined, torch.tensor([1, 5, 7]))
    assert steps[:6, 0].tolist() == [1, 0, 1, 2, 3, 4]
    assert steps[:6, 1].tolist() == [5, 4, 3, 2, 1, 0]
    assert (steps[6:, :2] == -1).all() and steps[7, 2] == 0
    assert hops(joined, torch.tensor([0]), most=2)[:6, 0].tolist() == [0, 1, 2, -1, -1, -1]


def test_steps_are_symmetric_and_keep_the_triangle() -> None:
    generator = torch.Generator().manual_seed(0)
    pairs = torch.randint(0, 40, (2, 70), generator=generator)
    pairs = pairs[:, pairs[0] != pairs[1]]
    steps = hops(adjacency(pairs, 40), torch.arange(40))
    assert torch.equal(steps, steps.T)
    far = torch.where(steps < 0, 1000, steps)
    assert (far[:, None, :] <= far[:, :, None] + far[None]).all()


def test_nearness_is_one_at_home_and_zero_where_no_way_leads() -> None:
    assert nearness(torch.tensor([0, 1, 3, -1])).tolist() == [1.0, 0.5, 0.25, 0.0]


def test_centres_are_the_hubs_of_parts_that_lie_apart() -> None:
    stars = [torch.stack([torch.full((6,), hub), torch.arange(hub + 1, hub + 7)]) for hub in (0, 7, 14)]
    bridge = torch.tensor([[6, 13], [8, 15]])
    joined = adjacency(torch.cat([*stars, bridge], dim=1), 21)
    assert sorted(centres(joined, 3).tolist()) == [0, 7, 14]
    assert len(centres(adjacency(path(4), 4), 10)) == 4


def test_labels_spread_linearly_along_a_path() -> None:
    known = torch.zeros(5, dtype=torch.bool)
    known[[0, 4]] = True
    shares = torch.zeros(5, 2)
    shares[0, 0] = shares[4, 1] = 1.0
    found = spread(adjacency(path(5), 5), shares, known, rounds=200)
    assert found[:, 1].tolist() == pytest.approx([0, 0.25, 0.5, 0.75, 1.0], abs=1e-4)
    assert found.sum(1).tolist() == pytest.approx([1.0] * 5, abs=1e-4)
