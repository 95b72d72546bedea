"""TERA: what is altered, by how much, and what the loss looks at."""

from __future__ import annotations

import pytest
import torch

from selflearn import recipes
from selflearn.data.sound import SoundSpec
from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.networks import build
from selflearn.objectives import altered_reconstruction
from selflearn.views import build as build_views
from selflearn.views import made_up, make_views

SPEC = SoundSpec(rate=8000, length=8000, usual=8000, varies=True)


def made(**options: object) -> torch.nn.Module:
    torch.manual_seed(0)
    return find("TERA")(build(SPEC, "frames", width=16, depth=1, heads=2, patch=1), **options)


def altered(rows: int = 200, tokens: int = 100, **options: object) -> tuple[torch.Tensor, ...]:
    method = made(**options)
    content = 1 + torch.rand(rows, tokens, 40, generator=torch.Generator().manual_seed(1))
    real = torch.ones(rows, tokens, dtype=torch.bool)
    real[: rows // 2, 60:] = False
    shown, reached = method.alter(content, real, torch.Generator().manual_seed(0))
    return content, real, shown, reached


def test_spans_of_time_become_zero_or_other_frames_or_stay() -> None:
    content, real, shown, reached = altered(channel=0.0, noise=0.0)
    spans = reached.all(dim=2)
    assert torch.equal(spans, reached.any(dim=2))
    assert not (spans & ~real).any()
    long = spans[100:].sum(1).float()
    assert 7 <= long.min() <= long.max() <= 14  # 15 % of 100 frames: two spans of 7, which may overlap
    assert torch.equal(shown[~reached], content[~reached])
    zero = (shown == 0).all(dim=2) & spans
    share = (zero.sum(1) == spans.sum(1)).float().mean()
    assert share == pytest.approx(0.8, abs=0.1)
    same = (shown == content).flatten(1).all(1).float().mean()
    assert same == pytest.approx(0.1, abs=0.07)


def test_a_band_of_channels_is_hidden_in_every_real_frame() -> None:
    content, real, shown, reached = altered(time=0.0, noise=0.0)
    assert torch.equal(shown[~reached], content[~reached])
    assert not shown[reached].any()
    widths = reached[100:, 0].sum(dim=1)
    assert widths.max() == 8  # 20 % of 40
    assert widths.min() == 0
    assert widths.float().mean() == pytest.approx(4, abs=0.6)
    assert torch.equal(reached[150], reached[150, :1].expand(100, 40))
    assert not reached[0, 60:].any()


def test_noise_has_the_deviation_and_is_no_target() -> None:
    content, real, shown, reached = altered(noise=1.0, time=0.0)
    change = (shown - content)[real[..., None] & ~reached]
    assert change.std() == pytest.approx(0.2, rel=0.02)
    assert torch.equal(shown[~real], content[~real])


def test_the_objective_is_the_mean_size_of_errors_where_altered() -> None:
    predictions, values = torch.zeros(2, 3, 4), torch.arange(24.0).reshape(2, 3, 4)
    where = torch.zeros(2, 3, 4, dtype=torch.bool)
    assert altered_reconstruction(predictions, values, where) == 0
    where[0, 1, 1] = where[1, 2, 3] = True
    assert altered_reconstruction(predictions, values, where) == (5 + 23) / 2
    assert altered_reconstruction(values, values, where) == 0
    with pytest.raises(RecipeError, match="needs altered of"):
        altered_reconstruction(predictions, values, where[0])


def test_an_update_teaches_the_encoder_and_repeats_exactly() -> None:
    raw = made_up(SPEC, 16)
    results = []
    for _ in range(2):
        method = made()
        optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
        losses = []
        for step in range(12):
            generator = torch.Generator().manual_seed(step % 3)
            views = make_views(raw, build_views(SPEC, "weak", gain=0), generator)
            losses.append(float(method.update(views, optimiser, generator).total))
        assert all(weight.grad is not None for weight in method.parameters())
        results.append(losses)
    assert results[0] == results[1]
    assert results[0][-1] < results[0][0]


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(RecipeError, match="at least one of them"):
        made(time=0.0, channel=0.0)
    with pytest.raises(RecipeError, match="needs an encoder with"):
        find("TERA")(build(SPEC, "spectrogram"))
    assert recipes.load("tera", "small", kind="sound").stages[0].encoder["name"] == "frames"
