"""Contrasts beyond pairs: many views at once, groups as positives of a momentum encoder, devices, two passes without a change."""

import pytest
import torch

from selflearn import networks, views
from selflearn.data.batch import Batch
from selflearn.data.series import SeriesSpec
from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.objectives import SimilarityGraph, info_nce, mv_dhel, weighted_contrast

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


def devices(samples=8, groups=None):
    """Three devices: the second is nearly the first, the third moves otherwise."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(samples, 2, 32, generator=generator)
    second = first + 0.1 * torch.randn(samples, 2, 32, generator=generator)
    third = 3 + torch.randn(samples, 2, 32, generator=generator)
    every = torch.arange(samples), torch.full((samples,), -1)
    return [Batch(values, *every, groups=groups) for values in (first, second, third)]


def test_the_device_most_alike_is_the_positive_at_the_same_moment_and_others_repel_by_their_likeness():
    made = method("DeviceContrast", projector=[16, 8])
    graph = made.edges(devices(), torch.Generator())
    positive = graph.weights.unflatten(0, (3, 8)).unflatten(2, (3, 8))
    repulsion = graph.repulsion.unflatten(0, (3, 8)).unflatten(2, (3, 8))
    assert torch.equal(positive[0, :, 1], torch.eye(8))
    assert torch.equal(positive[1, :, 0], torch.eye(8))
    assert positive.sum() == 3 * 8
    apart = 1 - torch.eye(8)
    for anchor in range(3):
        assert not repulsion[anchor, :, anchor].any()
        weights = [float(repulsion[anchor, 0, other, 1]) for other in range(3) if other != anchor]
        assert sum(weights) == pytest.approx(2.0, rel=1e-5)
        for other in range(3):
            assert torch.equal(repulsion[anchor, :, other], repulsion[anchor, 0, other, 1] * apart)
    assert float(repulsion[0, 0, 1, 1]) > 5 * float(repulsion[0, 0, 2, 1])


def test_its_loss_is_the_weighted_contrast_of_what_it_projects():
    made = method("DeviceContrast", projector=[16, 8]).eval()
    worn = devices()
    graph = made.edges(worn, torch.Generator())
    rows = made.head(torch.cat([made.encoder(view).pooled for view in worn]))
    wanted = weighted_contrast(rows, rows, SimilarityGraph(graph.weights, graph.ignored), graph.repulsion, 0.05)
    assert made(worn, torch.Generator()).total.item() == pytest.approx(wanted.item(), rel=1e-4)


def test_an_anchor_looks_alone_and_a_few_other_moments_are_drawn_of_each_device():
    made = method("DeviceContrast", projector=[16, 8], anchor=1, misaligned=2)
    graph = made.edges(devices(), torch.Generator().manual_seed(1))
    asked = graph.weights.sum(1)
    assert asked.tolist() == [0] * 8 + [1] * 8 + [0] * 8
    looked = (graph.repulsion[8:16] > 0).unflatten(1, (3, 8))
    assert looked.sum(2).tolist() == [[2, 0, 2]] * 8
    assert not looked[:, 0].logical_and(torch.eye(8, dtype=torch.bool)).any()
    with pytest.raises(RecipeError, match="anchor = 3"):
        method("DeviceContrast", projector=[16, 8], anchor=3)(devices(), torch.Generator())


def test_a_random_device_is_drawn_anew_and_all_negatives_weigh_the_same():
    made = method("DeviceContrast", projector=[16, 8], selection="random")
    drawn = [made.edges(devices(), torch.Generator().manual_seed(seed)) for seed in range(12)]
    assert len({tuple(graph.weights[0].tolist()) for graph in drawn}) == 2
    assert all(set(graph.repulsion.unique().tolist()) == {0.0, 1.0} for graph in drawn)


def test_moments_of_one_group_are_no_negatives_and_views_of_unlike_shape_are_refused():
    made = method("DeviceContrast", projector=[16, 8], same="group")
    groups = torch.arange(8) // 2
    graph = made.edges(devices(groups=groups), torch.Generator())
    same = torch.kron(torch.ones(3, 3), (groups[:, None] == groups).float()) > 0
    assert not graph.repulsion[same].any()
    worn = devices()
    with pytest.raises(RecipeError, match="equally many channels and steps"):
        made([worn[0], worn[1].replace(values=worn[1].values[..., :20])], torch.Generator())
