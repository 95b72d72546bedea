"""CPC: closed forms at collapse and where nothing is wrong, which tokens are candidates, and that it learns."""

import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find


def made(data, name="patches-causal", **options):
    torch.manual_seed(0)
    return find("CPC")(data.encoder(name), **{"ahead": 2, "width": 16, **options})


def alike(samples=4, tokens=6):
    return torch.ones(samples, tokens, 2, 16), torch.ones(samples, tokens, 16), torch.ones(samples, tokens, dtype=torch.bool)


@pytest.mark.parametrize(("negatives", "candidates"), [("batch", 24), ("sample", 6)])
def test_where_all_is_alike_the_loss_is_the_log_of_the_candidates(scans, negatives, candidates):
    method = made(scans, negatives=negatives)
    assert float(method.contrast(*alike(), None)) == pytest.approx(math.log(candidates), rel=1e-5)


def test_padding_is_no_candidate_and_asks_for_nothing(scans):
    method = made(scans, negatives="sample")
    told, local, real = alike()
    real[:, 4:] = False
    told[:, 3:], local[:, 4:] = -7.0, torch.randn(4, 2, 16)
    told[:, 2, 1] = -7.0  # its second step ahead is padding
    assert float(method.contrast(told, local, real, None)) == pytest.approx(math.log(4), rel=1e-5)


def test_the_token_so_many_steps_ahead_is_the_right_one(scans):
    method = made(scans, temperature=0.01)
    local = torch.eye(24).view(4, 6, 24)
    told = torch.zeros(4, 6, 2, 24)
    told[:, :-1, 0], told[:, :-2, 1] = local[:, 1:], local[:, 2:]
    real = torch.ones(4, 6, dtype=torch.bool)
    assert float(method.contrast(told, local, real, None)) == pytest.approx(0, abs=1e-6)
    assert float(method.contrast(told.flip(2), local, real, None)) > 10


def test_the_same_word_is_no_wrong_answer(scans):
    method = made(scans)
    told, local, real = alike()
    classes = torch.arange(24).view(4, 6) // 12  # two words, each twelve times
    expected = math.log(13)  # the right one and the twelve of the other word
    assert float(method.contrast(told, local, real, classes)) == pytest.approx(expected, rel=1e-5)
    assert float(method.contrast(told, local, real, torch.full((4, 6), -1))) == pytest.approx(math.log(24), rel=1e-5)


def test_targets_are_local(scans):
    method = made(scans)
    (view,) = scans.views(torch.arange(4), torch.Generator(), "plain")
    changed = view.replace(values=view.values.index_fill(2, torch.tensor([3]), 1.0))
    first, second = (method.local(method.encoder.token_content(each)) for each in (view, changed))
    kept = torch.arange(8) != 3
    torch.testing.assert_close(first[:, kept], second[:, kept])
    assert not torch.allclose(first[:, 3], second[:, 3])


@pytest.mark.parametrize("data", ["scans", "sentences"])
def test_it_finds_what_follows(request, data):
    data = request.getfixturevalue(data)
    method = made(data, "transformer-causal" if data.spec.kind == "text" else "patches-causal", negatives="sample")
    optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
    losses = []
    for step in range(20):
        generator = torch.Generator().manual_seed(step)
        rows = torch.randperm(len(data.labels), generator=generator)[:32]
        outcome = method.update(data.views(rows, generator, "plain"), optimiser, generator)
        losses.append(float(outcome.total))
    assert sum(losses[-5:]) / 5 < 0.8 * losses[0]
    assert outcome.can_collapse


def test_what_cannot_look_ahead_is_refused(scans):
    with pytest.raises(RecipeError, match="causal"):
        made(scans, "patches")
    with pytest.raises(RecipeError, match="lower ahead"):
        made(scans, ahead=8)
