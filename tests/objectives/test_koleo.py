"""KoLeo: nearest neighbours alone count, and pushing on them spreads a batch."""

import math

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.objectives import koleo


def test_known_values():
    assert float(koleo(torch.tensor([[3.0, 0.0], [-1.0, 0.0]]))) == pytest.approx(-math.log(2), abs=1e-6)
    square = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    assert float(koleo(5 * square)) == pytest.approx(-math.log(2) / 2, abs=1e-6)


def test_it_is_the_mean_log_distance_to_the_nearest_row():
    rows = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    distances = torch.cdist(F.normalize(rows, dim=1).double(), F.normalize(rows, dim=1).double())
    nearest = distances.fill_diagonal_(torch.inf).amin(dim=1)
    assert float(koleo(rows)) == pytest.approx(float(-nearest.log().mean()), rel=1e-4)


def test_equal_rows_have_a_large_finite_loss_and_gradient():
    rows = torch.ones(5, 3, requires_grad=True)
    loss = koleo(rows)
    loss.backward()
    assert 15 < loss.item() < 30
    assert rows.grad is not None
    assert rows.grad.isfinite().all()


def test_following_it_spreads_a_batch():
    rows = torch.randn(64, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 0.1])
    rows = rows.requires_grad_()
    before = float(koleo(rows))
    optimiser = torch.optim.SGD([rows], lr=0.3)
    for _ in range(100):
        optimiser.zero_grad()
        koleo(rows).backward()
        optimiser.step()
    even = 2 * math.sin(math.pi / 64)  # the distance of neighbours that share a circle evenly
    assert float(koleo(rows)) < before - 0.5
    assert float(koleo(rows)) > -math.log(even) - 1e-3


def test_one_row_is_refused():
    with pytest.raises(RecipeError, match="at least two rows"):
        koleo(torch.ones(1, 4))
