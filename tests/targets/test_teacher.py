"""The teacher: exact averages, its schedule, its batch norms, no gradient, a state that survives saving."""

import pytest
import torch
from torch import nn

from selflearn.targets import Teacher


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))


def test_it_starts_as_the_student():
    student = network().eval()
    rows = torch.randn(5, 3)
    assert torch.equal(Teacher(student).eval()(rows), student(rows))


@pytest.mark.parametrize("progress", [0.0, 0.3, 1.0])
def test_each_step_is_the_average_exactly(progress):
    student = network()
    teacher = Teacher(student, momentum=0.9)
    before = [weight.clone() for weight in teacher.average.parameters()]
    with torch.no_grad():
        for weight in student.parameters():
            weight.add_(torch.randn_like(weight))
    teacher.follow(student, progress)
    momentum = teacher.momentum_at(progress)
    for old, new, weight in zip(before, teacher.average.parameters(), student.parameters(), strict=True):
        assert torch.allclose(new, momentum * old + (1 - momentum) * weight, atol=1e-6)


def test_momentum_rises_along_half_a_cosine():
    teacher = Teacher(nn.Linear(1, 1), momentum=0.9)
    assert [teacher.momentum_at(p) for p in (0.0, 0.5, 1.0)] == pytest.approx([0.9, 0.95, 1.0])


def test_extreme_momenta():
    student, other = nn.Linear(2, 2), nn.Linear(2, 2)
    still, copying = Teacher(student, 1.0, 1.0), Teacher(student, 0.0, 0.0)
    for teacher in (still, copying):
        teacher.follow(other, 0.5)
    assert torch.equal(still.average.weight, student.weight)
    assert torch.equal(copying.average.weight, other.weight)


def test_buffers_are_the_students():
    student = network()
    teacher = Teacher(student)
    student(torch.randn(8, 3))
    teacher.follow(student, 0.0)
    assert torch.equal(teacher.average[1].running_mean, student[1].running_mean)
    assert teacher.average[1].num_batches_tracked == 1


def test_in_training_batch_norm_uses_the_batch_and_dropout_is_off():
    teacher = Teacher(network()).train()
    rows = torch.randn(8, 3) + 10
    assert torch.equal(teacher(rows), teacher(rows))
    hidden = teacher.average[1](teacher.average[0](rows))
    assert hidden.mean(0).abs().max() < 1e-4
    teacher.eval()
    assert not any(module.training for module in teacher.modules())


def test_nothing_of_it_is_trained():
    student = network()
    teacher = Teacher(student)
    assert not any(weight.requires_grad for weight in teacher.parameters())
    assert not teacher(torch.randn(4, 3, requires_grad=True)).requires_grad
    assert all(weight.requires_grad for weight in student.parameters())
