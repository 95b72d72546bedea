"""Imitation in closed form, and the best share of a regression that learns from itself."""

import math

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.objectives import best_imitation, imitation

GENERATOR = torch.Generator().manual_seed(0)
LOGITS, OTHERS = torch.randn(2, 6, 4, generator=GENERATOR)
LABELS = torch.tensor([0, 3, 1, 2, 2, 0])


def test_a_share_of_nothing_is_cross_entropy_and_of_all_is_the_teachers():
    taught = OTHERS.softmax(1)
    assert imitation(LOGITS, taught, LABELS, 0.0).item() == pytest.approx(F.cross_entropy(LOGITS, LABELS).item())
    assert imitation(LOGITS, taught, LABELS, 1.0).item() == pytest.approx(F.cross_entropy(LOGITS, taught).item())


def test_it_is_affine_in_the_share_beyond_one_too():
    losses = [imitation(LOGITS, OTHERS.softmax(1), LABELS, share).item() for share in (0.0, 1.0, 1.7)]
    assert losses[2] == pytest.approx(losses[0] + 1.7 * (losses[1] - losses[0]), rel=1e-5)


def test_who_says_what_is_imitated_has_no_gradient():
    logits = LOGITS.clone().requires_grad_()
    imitation(logits, LOGITS.softmax(1), LABELS, 1.0).backward()
    assert logits.grad.abs().max() < 1e-7


def test_rows_without_a_label_imitate_alone():
    taught, unknown = OTHERS.softmax(1), torch.full((6,), -1)
    assert imitation(LOGITS, taught, unknown, 0.3).item() == pytest.approx(F.cross_entropy(LOGITS, taught).item())
    assert imitation(LOGITS[:0], taught[:0], unknown[:0], 0.3) == 0
    with pytest.raises(RecipeError, match="a label a row"):
        imitation(LOGITS, taught, unknown[:5], 0.3)


def test_labels_are_softened_with_tensors_of_shares_too():
    share = torch.tensor(0.4)
    assert imitation(LOGITS, OTHERS.softmax(1), LABELS, share) == imitation(LOGITS, OTHERS.softmax(1), LABELS, 0.4)


def risk(inputs, truth, noise, ridge, share):
    """Expected squared error of the student's weights, from its two linear maps of the labels."""
    gram = inputs.T @ inputs + ridge * torch.eye(inputs.shape[1], dtype=inputs.dtype)
    teacher = torch.linalg.solve(gram, inputs.T)
    student = torch.linalg.solve(
        gram, inputs.T @ (share * inputs @ teacher + (1 - share) * torch.eye(len(inputs), dtype=inputs.dtype))
    )
    return float((student @ inputs @ truth - truth).square().sum() + noise * student.square().sum())


@pytest.mark.parametrize(("noise", "ridge"), [(25.0, 3.0), (4.0, 1.0), (0.01, 2.0)])
def test_the_best_share_is_where_the_error_is_least(noise, ridge):
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(40, 6, generator=generator, dtype=torch.float64)
    truth = torch.randn(6, generator=generator, dtype=torch.float64)
    _, singular, vectors = torch.linalg.svd(inputs, full_matrices=False)
    best = best_imitation(singular, vectors @ truth, noise, ridge)
    least = risk(inputs, truth, noise, ridge, best)
    assert all(risk(inputs, truth, noise, ridge, best + away) > least for away in (-0.05, 0.05))
    if noise == 25.0:
        assert best > 1  # many wrong labels: better unlearn them than halfway believe them


def test_a_ridge_of_the_best_strength_learns_nothing_from_itself():
    singular, power = torch.linspace(1, 3, 5), 0.5
    assert best_imitation(singular, torch.full((5,), math.sqrt(power)), noise=2.0, ridge=2.0 / power) == pytest.approx(0, abs=1e-6)
