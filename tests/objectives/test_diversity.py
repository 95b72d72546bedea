"""Diversity: nothing where all entries are used alike, nearly everything where one is."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.objectives import code_diversity


def test_it_is_the_share_of_entries_that_stand_idle():
    assert float(code_diversity(torch.full((2, 8), 1 / 8))) == pytest.approx(0, abs=1e-5)
    one = torch.nn.functional.one_hot(torch.tensor([3, 0]), 8).float()
    assert float(code_diversity(one)) == pytest.approx(1 - 1 / 8, abs=1e-5)
    half = torch.zeros(2, 8)
    half[:, ::2] = 1 / 4
    assert float(code_diversity(half)) == pytest.approx(1 / 2, abs=1e-5)


def test_order_of_entries_and_groups_does_not_matter():
    shares = torch.rand(3, 6).softmax(1)
    torch.testing.assert_close(code_diversity(shares), code_diversity(shares[[2, 0, 1]][:, torch.randperm(6)]))


def test_shares_of_groups_are_asked_for():
    with pytest.raises(RecipeError, match="groups, entries"):
        code_diversity(torch.ones(8))
