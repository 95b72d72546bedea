"""SimSiam with more than two views: a target of several others (FastSiam), which are held still."""

import pytest
import torch

from selflearn.methods import find
from selflearn.objectives import negative_cosine

FOUR = {"name": "several", "of": {"pair": "standard", "other": "standard"}}


def made(digits, **options):
    torch.manual_seed(0)
    return find("SimSiam")(digits.encoder(), **{"projector": [16, 16], "predictor": 8, **options}).eval()


def test_each_view_predicts_the_mean_of_the_others(digits):
    method, views = made(digits), digits.views(torch.arange(10), torch.Generator().manual_seed(0), **FOUR)
    projected = [method.head(method.encoder(view).pooled) for view in views]
    terms = [
        negative_cosine(method.predict(projected[i]), sum(projected[j] for j in range(4) if j != i) / 3)  # FastSiam's equation
        for i in range(4)
    ]
    assert method(views, torch.Generator()).total.item() == pytest.approx(float(sum(terms)) / 4, rel=1e-4)


def test_small_views_predict_and_are_not_predicted(digits):
    method = made(digits)
    views = digits.views(torch.arange(10), torch.Generator().manual_seed(0), "multicrop", local=1)
    first, second, small = (method.head(method.encoder(view).pooled) for view in views)
    pairs = [(first, second), (second, first), (small, (first + second) / 2)]
    wanted = sum(negative_cosine(method.predict(one), other) for one, other in pairs) / 3
    assert method(views, torch.Generator()).total.item() == pytest.approx(float(wanted), rel=1e-4)


def test_a_target_of_three_views_varies_less_than_one_of_one(digits):
    method = made(digits)
    targets = []
    for seed in range(20):
        views = digits.views(torch.arange(10), torch.Generator().manual_seed(seed), **FOUR)
        with torch.no_grad():
            targets.append(torch.stack([method.head(method.encoder(view).pooled) for view in views]))
    drawn = torch.stack(targets)
    assert float(drawn[:, :3].mean(1).var(0).mean()) < 0.5 * float(drawn[:, 0].var(0).mean())
