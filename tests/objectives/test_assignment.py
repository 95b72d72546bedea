"""Cross-entropy of soft assignments: log K at uniform logits, the entropy at best."""

import math

import pytest
import torch

from selflearn.objectives import assignment_cross_entropy


@pytest.mark.parametrize("prototypes", [2, 10, 1000])
def test_uniform_logits_cost_log_k_whatever_the_target(prototypes):
    assignments = torch.rand(6, prototypes).softmax(1)
    assert float(assignment_cross_entropy(assignments, torch.zeros(6, prototypes))) == pytest.approx(math.log(prototypes), rel=1e-5)


def test_the_best_prediction_costs_the_entropy_of_the_target():
    logits = torch.randn(6, 9)
    assignments = logits.softmax(1)
    entropy = -(assignments * assignments.log()).sum(1).mean()
    assert float(assignment_cross_entropy(assignments, logits)) == pytest.approx(float(entropy), rel=1e-5)
    assert assignment_cross_entropy(assignments, logits + torch.randn(6, 9)) > entropy


def test_equals_torch_with_soft_targets():
    assignments, logits = torch.randn(5, 4).softmax(1), torch.randn(5, 4)
    expected = torch.nn.functional.cross_entropy(logits, assignments)
    assert float(assignment_cross_entropy(assignments, logits)) == pytest.approx(float(expected), rel=1e-6)
