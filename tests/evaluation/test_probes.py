import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from selflearn.evaluation import probes
from selflearn.evaluation.probes import best_strength, few_labels, knn, linear, scale

GENERATOR = torch.Generator().manual_seed(0)
LABELS = torch.arange(90) % 3
BLOBS = 8 * torch.eye(3)[LABELS] + torch.randn(90, 3, generator=GENERATOR)
TRAIN, TEST = slice(0, 60), slice(60, 90)


@pytest.mark.parametrize("how", ["centred", "standardised"])
def test_scaling_is_learned_from_training_rows_alone(how):
    train, _ = scale(BLOBS[TRAIN], BLOBS[TEST], how)
    assert train.mean(0).abs().max() < 1e-5
    assert train.square().mean().item() == pytest.approx(1, rel=1e-4)
    other_train, _ = scale(BLOBS[TRAIN], 100 + BLOBS[TEST], how)
    assert torch.equal(train, other_train)
    assert torch.allclose(scale(BLOBS[TRAIN], BLOBS[TRAIN], how)[1], train)


def test_constant_dimensions_are_not_blown_up():
    features = torch.cat([BLOBS, torch.full((90, 1), 5.0)], dim=1)
    features[70, 3] = 6.0  # varies only in the test part
    assert scale(features[TRAIN], features[TEST], "standardised")[1].abs().max() < 20


def test_wide_features_keep_what_separates_them(monkeypatch):
    monkeypatch.setattr(probes, "WIDE", 4)
    wide = torch.cat([BLOBS, 0.1 * torch.randn(90, 7, generator=GENERATOR)], dim=1)
    train, test = scale(wide[TRAIN], wide[TEST], "centred")
    assert train.shape[1] == test.shape[1] <= 512
    assert torch.equal(linear(train, LABELS[TRAIN], test, 3, 1.0), LABELS[TEST])


def test_blobs_are_told_apart_by_every_probe():
    train, test = scale(BLOBS[TRAIN], BLOBS[TEST], "standardised")
    assert torch.equal(knn(BLOBS[TRAIN], LABELS[TRAIN], BLOBS[TEST], "centred", k=5), LABELS[TEST])
    strength, accuracy = best_strength(train, LABELS[TRAIN], 3, np.arange(40), np.arange(40, 60))
    assert accuracy == 1
    assert torch.equal(linear(train, LABELS[TRAIN], test, 3, strength), LABELS[TEST])
    draws = np.array([[0, 1, 2], [3, 4, 5]])
    assert few_labels(train, LABELS[TRAIN], test, LABELS[TEST], 3, draws).mean() > 0.95


def test_draws_in_pieces_are_the_same_draws(monkeypatch):
    draws = np.stack([np.random.default_rng(seed).permutation(60)[:9] for seed in range(7)])
    arguments = (BLOBS[TRAIN], LABELS[TRAIN], BLOBS[TEST], LABELS[TEST], 3, draws)
    together = few_labels(*arguments)
    monkeypatch.setattr(probes, "DRAW_VALUES", 1)
    np.testing.assert_array_equal(few_labels(*arguments), together)


def test_raw_digits_get_their_fair_best_with_one_label_a_class():
    pixels, labels = load_digits(return_X_y=True)
    features, classes = torch.from_numpy(pixels.astype(np.float32)), torch.from_numpy(labels)
    rng = np.random.default_rng(0)
    draws = np.stack([[rng.choice(np.flatnonzero(labels == digit)) for digit in range(10)] for _ in range(50)])
    accuracy = {}
    for how in ("centred", "standardised"):
        train, test = scale(features, features, how)
        accuracy[how] = few_labels(train, classes, test, classes, 10, draws).mean()
    assert accuracy["centred"] > 0.63
    assert accuracy["centred"] > accuracy["standardised"] + 0.02
