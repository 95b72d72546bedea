"""TiCo: agreement and a contrast with a running moment, which stands for a memory of all samples."""

import pytest
import torch
import torch.nn.functional as F

from selflearn.methods import find


def made(digits, **options):
    torch.manual_seed(0)
    return find("TiCo")(digits.encoder(), **{"projector": [16, 8], **options})


def views_of(digits):
    return digits.views(torch.arange(10), torch.Generator().manual_seed(0))


def test_its_loss_is_agreement_and_the_mean_squared_cosine_with_what_it_has_seen(digits):
    method, (first, second) = made(digits, memory=0.0, contrast=3.0), views_of(digits)
    told, seen = (F.normalize(method.head(method.encoder(view).pooled), dim=1) for view in (first, second))
    outcome = method([first, second], torch.Generator())
    assert outcome.losses["invariance"].item() == pytest.approx(1 - float((told * seen).sum(1).mean()), rel=1e-4)
    assert outcome.losses["contrast"].item() == pytest.approx(3 * float((seen @ seen.T).square().mean()), rel=1e-4)


def test_the_moment_remembers_and_does_not_learn(digits):
    method = made(digits, memory=0.9)
    views = views_of(digits)
    method(views, torch.Generator())
    once = method.moment.moment.clone()
    assert once.trace().item() == pytest.approx(0.1, rel=1e-4)
    method(views, torch.Generator()).total.backward()
    assert torch.allclose(method.moment.moment, 1.9 * once, atol=1e-6)
    assert not method.moment.moment.requires_grad


def test_without_the_push_it_collapses_and_with_it_it_does_not(digits):
    spread = {}
    for contrast in (0.0, 8.0):
        torch.manual_seed(0)
        method = find("TiCo")(digits.encoder(), projector=[32, 16], contrast=contrast, momentum=0.0, final_momentum=0.0)
        optimiser = torch.optim.AdamW([weight for weight in method.parameters() if weight.requires_grad], lr=3e-3)
        generator = torch.Generator().manual_seed(0)
        for step in range(40):
            rows = torch.randperm(1797, generator=generator)[:64]
            outcome = method.update(digits.views(rows, generator), optimiser, generator, step / 40)
        unit = F.normalize(outcome.embedding, dim=1)
        spread[contrast] = float(1 - (unit @ unit.T).mean())
    assert spread[0.0] < 0.2 * spread[8.0]
