"""Stepwise learning: the closed form solves its equation, and a linear model that is trained on digits follows it, mode by mode."""

import pytest
import torch
from sklearn.datasets import load_digits

from selflearn.errors import DataError
from selflearn.measures.stepwise import contrastive_moment, half_times, learned_map, mode_eigenvalues, step_times

DIM, RATE = 4, 0.002


def pairs():
    """Digits and the same under noise, centred and scaled so that the largest mode is 1."""
    values = torch.from_numpy(load_digits().data)
    values = values - values.mean(0)
    generator = torch.Generator().manual_seed(0)
    first, second = (values + 2 * torch.randn(values.shape, generator=generator, dtype=torch.float64) for _ in range(2))
    scale = torch.linalg.eigvalsh(contrastive_moment(first, second))[-1].sqrt()
    return first / scale, second / scale


def descend(weight, moment, steps, rate=RATE):
    """Gradient descent by autograd on the loss as it is stated; the eigenvalues of C and the loss at each step."""
    spectra, losses = [], []
    for _ in range(steps):
        weight = weight.detach().requires_grad_()
        correlation = weight @ moment @ weight.T
        loss = (correlation - torch.eye(DIM, dtype=moment.dtype)).square().sum()
        loss.backward()
        spectra.append(torch.linalg.eigvalsh(correlation.detach()).flip(0))
        losses.append(loss.detach())
        weight = weight - rate * weight.grad
    return weight.detach(), torch.stack(spectra), torch.stack(losses)


def test_equal_views_give_their_second_moment_and_swapping_changes_nothing():
    first, second = torch.randn(20, 3), torch.randn(20, 3)
    assert torch.allclose(contrastive_moment(first, first), (first.T @ first / 20).double(), atol=1e-6)
    assert torch.equal(contrastive_moment(first, second), contrastive_moment(second, first))
    with pytest.raises(DataError, match="two views"):
        contrastive_moment(first, second[:5])


def test_the_closed_form_solves_the_flow():
    """``dc/dt = 8 g c (1 - c)``, which is what ``dW/dt = -4 (C - 1) W G`` makes of an aligned mode."""
    modes, initial = torch.tensor([1.0, 0.3, 0.0]).double(), torch.tensor([1e-3, 0.1, 0.2]).double()
    time = torch.linspace(0, 3, 3001).double()
    course = mode_eigenvalues(modes, initial, time)
    slope = (course[2:] - course[:-2]) / (time[2:] - time[:-2])[:, None]
    assert torch.allclose(slope, (8 * modes * course * (1 - course))[1:-1], atol=1e-4)
    assert torch.allclose(course[0], initial)
    assert torch.equal(course[:, 2], initial[2].expand(3001))


def test_each_mode_passes_half_at_its_own_time():
    modes, initial = torch.tensor([1.0, 0.3, -0.1]).double(), torch.tensor([1e-3, 0.1, 0.1]).double()
    times = step_times(modes, initial)
    passed = mode_eigenvalues(modes[:2], initial[:2], times[:2]).diagonal()
    assert torch.allclose(passed, torch.full((2,), 0.5).double())
    assert times[2] == torch.inf


def test_what_is_learned_is_white_and_spans_the_top_modes():
    moment = contrastive_moment(*pairs())
    weight = learned_map(moment, DIM)
    assert torch.allclose(weight @ moment @ weight.T, torch.eye(DIM).double(), atol=1e-10)
    with pytest.raises(DataError, match="1 directions"):
        learned_map(torch.diag(torch.tensor([1.0, -1.0])), 2)


def test_a_trained_linear_model_follows_the_closed_form_in_steps():
    moment = contrastive_moment(*pairs())
    values, vectors = torch.linalg.eigh(moment)
    modes, top = values[-DIM:].flip(0), vectors[:, -DIM:].flip(1)
    initial = torch.full((DIM,), 1e-6).double()
    _, spectra, _ = descend((initial / modes).sqrt()[:, None] * top.T, moment, 2200)
    time = RATE * torch.arange(len(spectra)).double()
    wanted = mode_eigenvalues(modes, initial, time)
    assert (spectra - wanted.sort(dim=1, descending=True).values).abs().max() < 0.03
    half = half_times(time, spectra)
    assert torch.allclose(half, step_times(modes, initial), rtol=0.02)


def test_where_modes_lie_apart_the_loss_is_a_staircase():
    modes = torch.tensor([1.0, 0.4, 0.16, 0.06]).double()
    start = torch.diag((1e-6 / modes).sqrt())
    _, spectra, losses = descend(start, torch.diag(modes), 7000, rate=0.005)
    times = step_times(modes, torch.full((4,), 1e-6).double())
    half = half_times(0.005 * torch.arange(7000).double(), spectra)
    assert torch.allclose(half, times, rtol=0.02)
    between = ((times[1:] + times[:-1]) / 2 / 0.005).round().long()
    assert torch.allclose(losses[between], torch.tensor([3.0, 2.0, 1.0]).double(), atol=0.1)


def test_from_small_random_weights_it_ends_in_the_top_modes():
    moment = contrastive_moment(*pairs())
    start = 1e-4 * torch.randn(DIM, len(moment), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weight, spectra, _ = descend(start, moment, 4500)
    top = torch.linalg.qr(learned_map(moment, DIM).T).Q
    found = torch.linalg.qr(weight.T).Q
    assert float((top.T @ found).square().sum()) / DIM > 0.95
    half = half_times(RATE * torch.arange(len(spectra)).double(), spectra)
    assert (half[1:] > half[:-1]).all()
