"""The loss gate and cluster-aware DINO: which labels are learned, what stands in the place of others, who a cluster is."""

import math

import pytest
import torch

from selflearn.methods import find


def views_of(digits, rows=32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return digits.views(torch.arange(rows), generator), generator


def made(digits, **options):
    torch.manual_seed(0)
    return find("LossGate")(digits.encoder(), **{"classes": 10, "samples": 32, **options})


def test_without_a_margin_it_is_cross_entropy_of_scaled_cosines(digits):
    method = made(digits, margin=0.0)
    cosines, labels = torch.rand(6, 10) * 2 - 1, torch.tensor([0, 3, 9, -1, 2, 2])
    expected = torch.nn.functional.cross_entropy(30 * cosines, labels, ignore_index=-1, reduction="none")
    assert torch.allclose(method.of_labels(cosines, labels), expected, atol=1e-3)


def test_a_margin_makes_the_right_class_harder(digits):
    cosines, labels = torch.rand(6, 10) * 2 - 1, torch.arange(6)
    assert bool((made(digits, margin=0.3).of_labels(cosines, labels) > made(digits, margin=0.0).of_labels(cosines, labels)).all())


def test_labels_beyond_the_gate_are_not_learned(digits):
    views, generator = views_of(digits)
    method = made(digits, confidence=1.0).eval()
    assert float(method(views, generator).losses["labels"].detach()) > 0
    method.trusted.fill_(-100.0)
    outcome = method(views, generator)
    assert float(outcome.losses["labels"].detach()) == 0


def test_sure_predictions_stand_in_the_place_of_labels_that_are_not_trusted(digits):
    views, generator = views_of(digits)
    method = made(digits, confidence=0.0).eval()
    assert float(method(views, generator).losses["corrections"].detach()) == 0
    method.trusted.fill_(-100.0)
    assert float(method(views, generator).losses["corrections"].detach()) > 0


def test_a_correction_is_the_first_views_own_answer(digits):
    method = made(digits, sharpening=0.01)
    first = torch.nn.functional.one_hot(torch.tensor([2, 5]), 10).float()
    other = torch.rand(2, 10)
    told, sure = method.corrections([first, other])
    expected = torch.nn.functional.cross_entropy(30 * other, torch.tensor([2, 5]), reduction="none")
    assert torch.allclose(told, expected, atol=1e-4)
    assert bool(sure.all())
    _, unsure = method.corrections([torch.zeros(2, 10), other])
    assert not bool(unsure.any())


def test_the_gate_is_set_after_the_passes_in_which_all_are_trusted(digits):
    method = made(digits, trusting=2.0)
    views, generator = views_of(digits)
    optimiser = torch.optim.SGD([weight for weight in method.parameters()], lr=0.0)
    method.update(views, optimiser, generator)
    assert int(method.written) == 32
    assert math.isinf(float(method.trusted))
    method.memory.vectors.copy_(torch.tensor([-3.0] * 20 + [2.0] * 12)[:, None])
    kept = method.memory.vectors[:, 0].clone()
    method.remember(torch.arange(32), kept + 0.01 * torch.randn(32, generator=torch.Generator().manual_seed(0)))
    assert -3.0 < float(method.trusted) < 2.0
    assert int(method.written) == 0


def test_noisy_labels_have_higher_losses_and_are_found(digits):
    torch.manual_seed(0)
    rows = torch.arange(400)
    wrong = torch.rand(400, generator=torch.Generator().manual_seed(1)) < 0.25
    noisy = torch.where(wrong, (digits.labels[:400] + 3) % 10, digits.labels[:400])
    method = find("LossGate")(digits.encoder(), classes=10, samples=400, margin=0.1, scale=16.0, trusting=6.0)
    optimiser = torch.optim.AdamW(method.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)
    for step in range(60):
        batch = rows[torch.randperm(400, generator=generator)[:80]]
        views = [view.replace(labels=noisy[batch]) for view in digits.views(batch, generator)]
        method.update(views, optimiser, generator, step / 60)
    losses = method.memory.vectors[:, 0]
    trusted = losses <= method.trusted
    assert not math.isinf(float(method.trusted))
    assert float(wrong[trusted].float().mean()) < 0.5 * float(wrong.float().mean())


def test_a_cluster_has_one_target_and_the_unlabelled_their_own(digits):
    torch.manual_seed(0)
    method = find("CADINO")(digits.encoder(), projector=[16, 8], prototypes=12)
    logits = torch.randn(5, 12, generator=torch.Generator().manual_seed(0))
    method._clusters = torch.tensor([0, 1, 0, -1, -1])
    own = find("DINO").assign(method, logits)
    told = method.assign(logits)
    assert torch.allclose(told[0], told[2])
    assert torch.allclose(told[0], (own[0] + own[2]) / 2, atol=1e-6)
    assert torch.allclose(told[[1, 3, 4]], own[[1, 3, 4]], atol=1e-6)


def test_without_clusters_it_is_dino(digits):
    views, generator = views_of(digits)
    views = [view.replace(labels=torch.full_like(view.labels, -1)) for view in views]
    totals = []
    for name in ("CADINO", "DINO"):
        torch.manual_seed(0)
        totals.append(float(find(name)(digits.encoder(), projector=[16, 8], prototypes=12)(views, generator).total.detach()))
    assert totals[0] == pytest.approx(totals[1], rel=1e-5)
