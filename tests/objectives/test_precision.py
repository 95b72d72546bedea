"""Every objective is computed in float32 under bfloat16 autocast, and takes bfloat16 tensors."""

import pytest
import torch

from selflearn import objectives
from selflearn.objectives import SimilarityGraph

A, B = torch.randn(8, 4), torch.randn(8, 4)
MOMENT = A.T @ A / 8
DIRECTIONS = objectives.random_directions(4, 4, torch.Generator().manual_seed(0))
HIDDEN = torch.rand(2, 4, generator=torch.Generator().manual_seed(0)) < 0.5
CLASSES = torch.tensor([[0, 3, -1, 2], [1, 1, 0, 2]])
EDGES = SimilarityGraph(torch.eye(8), torch.zeros(8, 8, dtype=torch.bool))
SHARES = torch.rand(8, 4, generator=torch.Generator().manual_seed(0)).softmax(1)
BORDERS = torch.tensor([-3.0, -1.0, 0.5, 1.5, 4.0])
CASES = {
    "info_nce": lambda a, b: objectives.info_nce(a, b, EDGES),
    "pairwise_sigmoid": lambda a, b: objectives.pairwise_sigmoid(a, b, EDGES, 5.0, -2.0),
    "relation_cross_entropy": lambda a, b: objectives.relation_cross_entropy(a, b, torch.cat([b, a])),
    "covariance_contrast": lambda a, b: objectives.covariance_contrast(a, MOMENT),
    "whitened_mse": lambda a, b: objectives.whitened_mse(torch.stack([a, b])),
    "marginal_entropy": lambda a, b: objectives.marginal_entropy(a),
    "barlow_twins": objectives.barlow_twins,
    "invariance": objectives.invariance,
    "variance": lambda a, b: objectives.variance(a),
    "covariance": lambda a, b: objectives.covariance(a),
    "negative_cosine": objectives.negative_cosine,
    "cosine_regression": objectives.cosine_regression,
    "assignment_cross_entropy": lambda a, b: objectives.assignment_cross_entropy(a.float().softmax(1), b),
    "sigreg": lambda a, b: objectives.sigreg(a, DIRECTIONS),
    "view_prediction": lambda a, b: objectives.view_prediction(torch.stack([a, b]), 1),
    "masked_classification": lambda a, b: objectives.masked_classification(a.view(2, 4, 4), CLASSES, HIDDEN),
    "latent_prediction": lambda a, b: objectives.latent_prediction(a.view(2, 4, 4), b.view(2, 4, 4), HIDDEN, 0.5),
    "mv_info_nce": lambda a, b: objectives.mv_info_nce(torch.stack([a, b])),
    "mv_dhel": lambda a, b: objectives.mv_dhel(torch.stack([a, b])),
    "koleo": lambda a, b: objectives.koleo(a),
    "ctc": lambda a, b: objectives.ctc(a.view(2, 4, 4), torch.tensor([[1, 2], [3, 0]]), torch.ones(2, 4, dtype=torch.bool)),
    "code_diversity": lambda a, b: objectives.code_diversity(a.abs()),
    "masked_cosine": lambda a, b: objectives.masked_cosine(a.view(2, 4, 4), b.view(2, 4, 4), HIDDEN, 2.0),
    "altered_reconstruction": lambda a, b: objectives.altered_reconstruction(a.view(2, 4, 4), b.view(2, 4, 4), A.view(2, 4, 4) > 0),
    "masked_reconstruction": lambda a, b: objectives.masked_reconstruction(a.view(2, 4, 4), b.view(2, 4, 4), HIDDEN, True),
    "weighted_contrast": lambda a, b: objectives.weighted_contrast(a, b, EDGES, 1 - torch.eye(8)),
    "mmd": lambda a, b: objectives.mmd(a, b, [0.5, 1.0]),
    "answers_to_numbers": objectives.answers_to_numbers,
    "answers_to_shares": lambda a, b: objectives.answers_to_shares(a, SHARES),
    "answers_to_classes": lambda a, b: objectives.answers_to_classes(a, CLASSES.flatten().clamp(min=0)),
    "bar_log_density": lambda a, b: objectives.bar_log_density(a.view(2, 4, 4), BORDERS, CLASSES.to(a.dtype)).sum(),
    "imitation": lambda a, b: objectives.imitation(a, SHARES, CLASSES.flatten(), 1.5),
    "bar_nll": lambda a, b: objectives.bar_nll(a.view(2, 4, 4), BORDERS, CLASSES.to(a.dtype), HIDDEN),
}
NO_LOSSES = {"random_directions", "median_distance", "bar_mean", "bar_quantile", "best_imitation", "whiten"}


def test_every_objective_is_held_to_it():
    functions = {name for name in objectives.__all__ if name.islower()} - NO_LOSSES
    assert functions == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_autocast_changes_nothing(name):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = CASES[name](A, B)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, CASES[name](A, B))


@pytest.mark.parametrize("name", CASES)
def test_bfloat16_tensors_are_widened(name):
    halved = (A.bfloat16(), B.bfloat16())
    loss = CASES[name](*halved)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, CASES[name](*(each.float() for each in halved)))


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_right(name):
    inputs = (A.double().requires_grad_(), B.double().requires_grad_())
    if name == "sigreg":
        directions = DIRECTIONS.double()
        assert torch.autograd.gradcheck(lambda a: objectives.sigreg(a, directions), inputs[:1])
    elif name != "assignment_cross_entropy":
        assert torch.autograd.gradcheck(CASES[name], inputs)
