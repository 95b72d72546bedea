"""Contrasts beyond pairs: many views at once, groups as positives of a momentum encoder, two passes without a change."""

import pytest
import torch

from selflearn import networks, views
from selflearn.data.batch import Batch
from selflearn.data.series import SeriesSpec
from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.objectives import info_nce, mv_dhel

SPEC = SeriesSpec(channels=("x", "y"), length=32, mean=(0.0, 0.0), std=(1.0, 1.0))


def series(samples=12, groups=None, seed=0):
    values = torch.randn(samples, 2, 32, generator=torch.Generator().manual_seed(seed))
    return Batch(values, torch.arange(samples), torch.full((samples,), -1), groups=groups)


def seen(batch, name="standard", seed=0, **options):
    return views.make_views(batch, views.build(SPEC, name, **options), torch.Generator().manual_seed(seed))


def method(name, encoder="dilated", **options):
    torch.manual_seed(0)
    small = {"width": 16, "heads": 2, "depth": 2, "patch": 4} if encoder == "patches" else {"width": 8}
    inside = options.pop("inside", {})
    return find(name)(networks.build(SPEC, encoder, **{**small, **inside}), **options)


def test_many_views_are_compared_in_one_term():
    made = method("ManyViewContrast", projector=[16, 8])
    pictures = seen(series(), "multicrop", crops=2)
    assert len(pictures) == 4
    outcome = made(pictures, torch.Generator())
    together = torch.cat([made.encoder(view).pooled for view in pictures])
    assert outcome.total.item() == pytest.approx(mv_dhel(made.head(together).unflatten(0, (4, 12)), 0.2).item(), rel=1e-4)
    assert outcome.embedding.shape == (12, 8)


def test_samples_of_a_group_attract_each_other():
    groups = torch.arange(12) // 2
    alone, together = (method("ManyViewContrast", projector=[16, 8], same=same) for same in ("sample", "group"))
    together.load_state_dict(alone.state_dict())
    pair = seen(series(groups=groups))
    assert together(pair, torch.Generator()).total.item() != alone(pair, torch.Generator()).total.item()
    with pytest.raises(RecipeError, match="--groups"):
        together(seen(series()), torch.Generator())


def test_positives_of_the_momentum_encoder_lie_across_views_alone():
    made = method("MomentumContrast", projector=[16, 8], same="group")
    graph = made.positives(seen(series(4, torch.tensor([0, 0, 1, 2]))))
    edges = graph.weights.masked_fill(graph.ignored, 0.0)
    assert not edges[:4, :4].any()
    assert edges[:4, 4:].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


def test_its_loss_is_info_nce_against_the_teacher_both_ways():
    made = method("MomentumContrast", projector=[16, 8], spread=0.0).eval()
    pair = seen(series())
    outcome = made(pair, torch.Generator())
    online = [made.head(made.encoder(view).pooled) for view in pair]
    graph = made.positives([pair[0]])
    own = type(graph)(torch.eye(12), torch.zeros(12, 12, dtype=torch.bool))
    wanted = (info_nce(online[0], online[1].detach(), own) + info_nce(online[1], online[0].detach(), own)) / 2
    assert outcome.total.item() == pytest.approx(wanted.item(), rel=1e-4)
    assert set(outcome.losses) == {"contrast"}


def test_the_teacher_keeps_its_momentum():
    made = method("MomentumContrast", projector=[16, 8])
    assert made.teacher_encoder.momentum_at(0.0) == made.teacher_encoder.momentum_at(1.0) == 0.99
    assert "spread" in made(seen(series()), torch.Generator()).losses


def test_time_drl_tells_tokens_from_tokens_and_needs_two_passes_that_differ():
    made = method("TimeDRL", "patches", inside={"dropout": 0.2, "pool": "class"}, agreement=0.5)
    view = seen(series(), "plain")
    outcome = made(view, torch.Generator())
    assert set(outcome.losses) == {"restoration", "agreement"}
    assert -0.5 <= outcome.losses["agreement"].item() <= 0.5
    with pytest.raises(RecipeError, match="encoder.dropout"):
        method("TimeDRL", "patches")(view, torch.Generator())
    assert method("TimeDRL", "patches")(seen(series()), torch.Generator()).total.isfinite()
    with pytest.raises(RecipeError, match="one view or two, not 3"):
        made(view * 3, torch.Generator())
    with pytest.raises(RecipeError, match="tokens"):
        method("TimeDRL")


def test_its_restoration_is_the_error_of_all_tokens_and_padding_has_no_part():
    made = method("TimeDRL", "patches").eval()
    (view,) = seen(series(), "plain")
    features = made.encoder(view)
    content = made.encoder.token_content(view).values
    assert made.restored(features, view).item() == pytest.approx(
        (made.restore(features.tokens) - content).square().mean().item(), rel=1e-5
    )


def test_agreement_stops_at_the_other_side():
    made = method("TimeDRL", "patches", agreement=1.0)
    pair = seen(series())
    outcome = made(pair, torch.Generator())
    outcome.losses["agreement"].backward()
    assert made.predict[0].weight.grad.abs().sum() > 0
    assert made.restore[1].weight.grad is None
