"""Batch norm over ranks: alone it is PyTorch's own, forward and backward. Several ranks are tested with training."""

import pytest
import torch
from torch import nn

from selflearn.networks.synced import standardised


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 7), (4, 3, 5, 5)])
def test_alone_it_is_a_batch_norm_without_weights(shape):
    generator = torch.Generator().manual_seed(0)
    values = (10 + 3 * torch.randn(shape, generator=generator)).requires_grad_()
    twin = values.detach().clone().requires_grad_()
    norm = (nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(3, affine=False)
    asked = torch.randn(shape, generator=generator)
    found, wanted = standardised(values), norm(twin)
    found.backward(asked)
    wanted.backward(asked)
    assert torch.allclose(found, wanted, atol=1e-5)
    assert torch.allclose(values.grad, twin.grad, atol=1e-5)


def test_a_mean_that_is_large_beside_the_deviation_costs_no_digits():
    values = 1000 + torch.randn(512, 2, generator=torch.Generator().manual_seed(0))
    found = standardised(values)
    exact = (values.double() - values.double().mean(0)) / values.double().std(0, correction=0)
    assert torch.allclose(found.double(), exact, atol=2e-3)


def test_bfloat16_keeps_its_type_and_its_statistics_are_exact():
    values = (5 + torch.randn(256, 4, generator=torch.Generator().manual_seed(0))).bfloat16().requires_grad_()
    found = standardised(values)
    found.float().square().sum().backward()
    assert found.dtype == values.grad.dtype == torch.bfloat16
    assert found.float().mean(0).abs().max() < 2e-3
