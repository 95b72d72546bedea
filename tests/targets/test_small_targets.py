"""Centre, second moment, prototypes and ramp: exact values, and when they move."""

import pytest
import torch

from selflearn.targets import Centre, Prototypes, Ramp, SecondMoment


def test_centre_is_the_running_mean():
    centre = Centre(3, momentum=0.9)
    logits = torch.randn(8, 3)
    assert torch.equal(centre(logits), logits)
    centre.follow(logits)
    assert torch.allclose(centre.centre, 0.1 * logits.mean(0), atol=1e-7)
    centre.follow(logits)
    assert torch.allclose(centre.centre, 0.19 * logits.mean(0), atol=1e-7)


def test_centre_converges_to_a_constant_mean():
    centre, logits = Centre(2, momentum=0.5), torch.tensor([[1.0, -3.0]])
    for _ in range(60):
        centre.follow(logits)
    assert torch.allclose(centre(logits), torch.zeros(1, 2), atol=1e-5)


def test_prototypes_give_cosines():
    prototypes = Prototypes(4, 6)
    prototypes.weight.data.mul_(5)
    cosines = prototypes(3 * prototypes.weight)
    assert torch.allclose(cosines.diagonal(), torch.ones(6))
    assert cosines.abs().max() <= 1 + 1e-6


def test_held_prototypes_have_no_gradient_but_samples_have():
    prototypes, vectors = Prototypes(4, 6, held=0.25), torch.randn(3, 4, requires_grad=True)
    for progress, moves in [(0.0, False), (0.2, False), (0.25, True), (1.0, True)]:
        prototypes.follow(progress)
        prototypes.weight.grad = vectors.grad = None
        prototypes(vectors).square().sum().backward()
        assert bool(prototypes.weight.grad.abs().sum() > 0) is moves
        assert vectors.grad.abs().sum() > 0


def test_holding_changes_no_value():
    free, held, vectors = Prototypes(4, 6), Prototypes(4, 6, held=0.5), torch.randn(3, 4)
    held.weight.data.copy_(free.weight)
    assert torch.equal(free(vectors), held(vectors))


@pytest.mark.parametrize(("progress", "value"), [(0.0, 0.04), (0.15, 0.055), (0.3, 0.07), (0.9, 0.07)])
def test_ramp_is_linear_and_then_constant(progress, value):
    ramp = Ramp(0.04, 0.07, share=0.3)
    ramp.follow(progress)
    assert float(ramp.value) == pytest.approx(value)


def test_ramp_without_a_share_is_at_its_end():
    assert float(Ramp(0.04, 0.07, share=0.0).value) == pytest.approx(0.07)


def test_ramp_may_begin_late_and_be_a_step():
    late, step = Ramp(0.0, 1.0, share=0.2, after=0.5), Ramp(0.0, 1.0, share=0.0, after=0.9)
    for progress, slope, jump in [(0.0, 0.0, 0.0), (0.5, 0.0, 0.0), (0.6, 0.5, 0.0), (0.9, 1.0, 1.0), (1.0, 1.0, 1.0)]:
        late.follow(progress)
        step.follow(progress)
        assert float(late.value) == pytest.approx(slope)
        assert float(step.value) == jump


def test_the_second_moment_is_the_running_one_in_full_precision():
    moment, rows = SecondMoment(3, momentum=0.75), torch.randn(8, 3)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        moment.follow(rows.requires_grad_())
    wanted = rows.T @ rows / 8
    assert torch.allclose(moment.moment, 0.25 * wanted, atol=1e-6)
    moment.follow(rows)
    assert torch.allclose(moment.moment, (1 - 0.75**2) * wanted, atol=1e-6)
    assert not moment.moment.requires_grad
    before = moment.eval().moment.clone()
    moment.follow(rows)
    assert torch.equal(moment.moment, before)
