"""Sinkhorn: exact rows, equal columns in the limit, sharp and soft limits, no underflow."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from selflearn.errors import RecipeError
from selflearn.targets import sinkhorn


@given(samples=st.integers(1, 40), prototypes=st.integers(1, 20), epsilon=st.floats(0.01, 2.0), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_every_sample_is_shared_out_whole(samples, prototypes, epsilon, seed):
    scores = 2 * torch.rand(samples, prototypes, generator=torch.Generator().manual_seed(seed)) - 1
    assignments = sinkhorn(scores, epsilon)
    assert torch.allclose(assignments.sum(1), torch.ones(samples), atol=1e-5)
    assert assignments.min() >= 0


def test_prototypes_share_equally_in_the_limit():
    assignments = sinkhorn(torch.rand(60, 12), 0.1, iterations=200)
    assert torch.allclose(assignments.sum(0), torch.full((12,), 5.0), atol=1e-3)


def test_three_rounds_equal_the_plain_recursion():
    scores = torch.rand(10, 4)
    plain = (scores / 0.05).exp().T
    plain = plain / plain.sum()
    for _ in range(3):
        plain = plain / plain.sum(1, keepdim=True) / 4
        plain = plain / plain.sum(0, keepdim=True) / 10
    assert torch.allclose(sinkhorn(scores, 0.05, 3), plain.T * 10, atol=1e-5)


def test_soft_limit_is_equal_shares():
    assert torch.allclose(sinkhorn(torch.rand(8, 5), 1e4), torch.full((8, 5), 0.2), atol=1e-3)


def test_clear_balanced_scores_are_assigned_where_they_belong():
    belongs = torch.arange(12) % 4
    scores = torch.nn.functional.one_hot(belongs, 4).float()
    assert torch.equal(sinkhorn(scores, 0.05).argmax(1), belongs)


def test_equal_samples_cannot_all_have_one_prototype():
    scores = torch.tensor([[1.0, 0.0]]).repeat(6, 1)
    assert torch.allclose(sinkhorn(scores, 0.05, 50), torch.full((6, 2), 0.5), atol=1e-3)


def test_a_prototype_far_from_all_does_not_underflow():
    scores = torch.rand(10, 4)
    scores[:, 0] = -1
    assert sinkhorn(scores, 0.005, 20).isfinite().all()


def test_no_gradient_leaves_it():
    assert not sinkhorn(torch.rand(4, 3, requires_grad=True)).requires_grad


def test_settings_out_of_range_are_refused():
    with pytest.raises(RecipeError, match="epsilon"):
        sinkhorn(torch.rand(4, 3), 0.0)
    with pytest.raises(RecipeError, match="iterations"):
        sinkhorn(torch.rand(4, 3), iterations=0)
