"""DirectPred: the predictor has the eigenvectors of its inputs' correlation, and learns nothing."""

import pytest
import torch

from selflearn.methods import find
from selflearn.methods.joint.direct_pred import rooted
from selflearn.objectives import cosine_regression


def made(digits, **options):
    torch.manual_seed(0)
    return find("DirectPred")(digits.encoder(), **{"projector": [16, 8], **options})


def views_of(digits):
    return digits.views(torch.arange(20), torch.Generator().manual_seed(0))


def test_its_eigenvalues_are_the_roots_of_the_shares_and_its_eigenvectors_the_same():
    turn = torch.linalg.qr(torch.randn(4, 4))[0]
    weight = rooted(turn @ torch.diag(torch.tensor([4.0, 1.0, 0.04, 0.0])) @ turn.T, boost=0.01)
    assert torch.allclose(turn.T @ weight @ turn, torch.diag(torch.tensor([1.01, 0.51, 0.11, 0.01])), atol=1e-3)
    assert torch.allclose(weight, weight.T, atol=1e-6)
    assert torch.allclose(rooted(9 * torch.eye(3), 0.0), torch.eye(3), atol=1e-6)


def test_before_anything_is_known_it_changes_no_direction(digits):
    method, views = made(digits), views_of(digits)
    first, second = (method.head(method.encoder(view).pooled) for view in views)
    assert method(views, torch.Generator()).total.item() == pytest.approx(2 * cosine_regression(first, second).item(), rel=1e-4)


def test_the_correlation_of_both_views_sets_the_predictor_of_the_next_step(digits):
    method, views = made(digits, memory=0.3), views_of(digits)
    method(views, torch.Generator())
    both = torch.cat([method.head(method.encoder(view).pooled) for view in views]).detach()
    correlation = 0.7 * both.T @ both / 40
    assert torch.allclose(method.correlation.moment, correlation, rtol=1e-4, atol=1e-6)
    weight = rooted(correlation, 0.01)
    first, second = both.chunk(2)
    wanted = cosine_regression(first @ weight, second) + cosine_regression(second @ weight, first)
    assert method(views, torch.Generator()).total.item() == pytest.approx(float(wanted), rel=1e-3)


@pytest.mark.parametrize(("predictor", "trained"), [("set", 0), ("none", 0), ("learned", 64)])
def test_only_a_learned_predictor_has_weights(digits, predictor, trained):
    method = made(digits, predictor=predictor)
    heads = {id(weight) for weight in (*method.encoder.parameters(), *method.head.parameters())}
    assert sum(weight.numel() for weight in method.parameters() if weight.requires_grad and id(weight) not in heads) == trained
    assert method(views_of(digits), torch.Generator()).total.isfinite()
