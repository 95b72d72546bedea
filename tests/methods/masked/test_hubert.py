"""HuBERT: clusters of the content, then of a copy's features, which later learning does not touch."""

import copy
import math

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.targets import nearest


def made(data, name="patches", **options):
    torch.manual_seed(0)
    return find("HuBERT")(data.encoder(name), **{"span": 2, "width": 16, "codes": [6, 10], "recluster": [0.5], **options})


def plain(data, rows=32):
    return data.views(torch.arange(rows), torch.Generator(), "plain")[0]


def test_at_first_a_unit_is_the_cluster_of_what_stands_there(scans):
    method, view = made(scans), plain(scans)
    names = method.names(view, method.encoder.token_real(view))
    content = method.encoder.token_content(view).values
    assert torch.equal(names.flatten(), nearest(content.flatten(0, 1), method.units.codebook.centres)[0])
    assert set(names.flatten().tolist()) == set(range(6))


def test_where_all_clusters_look_alike_the_loss_is_the_log_of_their_number(scans):
    method, view = made(scans), plain(scans)
    with torch.no_grad():
        method.clusters.weight.copy_(torch.ones(10, 16))
    for stage, size in enumerate((6, 10)):
        outcome = method([view], torch.Generator().manual_seed(0))
        assert float(outcome.total.detach()) == pytest.approx(math.log(size), rel=1e-5)
        assert outcome.can_collapse is (stage > 0)
        method.after_update(0.6)


def test_a_stage_begins_at_its_share_with_a_copy_that_stays(scans):
    method, view = made(scans, layer=1.0), plain(scans)
    real = method.encoder.token_real(view)
    with torch.no_grad():
        for weight in method.encoder.parameters():
            weight.mul_(1.1)
    method.after_update(0.49)
    assert int(method.stage) == 0
    method.after_update(0.5)
    assert int(method.stage) == 1
    copied = method.encoder(view, layers=True).layers[-1].detach()
    names = method.names(view, real)
    assert torch.equal(names.flatten(), nearest(copied.flatten(0, 1), method.codebooks[0].centres)[0])
    assert len(set(names.flatten().tolist())) == 10
    with torch.no_grad():
        for weight in method.encoder.parameters():
            weight.zero_()
    method.after_update(0.9)
    assert torch.equal(method.eval().names(view, real), names)


def test_it_goes_on_in_the_middle_of_a_stage_as_if_it_had_not_stopped(scans):
    method, view = made(scans), plain(scans)
    method([view], torch.Generator().manual_seed(0))
    method.after_update(0.5)
    method([view], torch.Generator().manual_seed(0))
    again = made(scans)
    again.load_state_dict(copy.deepcopy(method.state_dict()))
    first, second = (each([view], torch.Generator().manual_seed(1)).total for each in (method, again))
    assert torch.equal(first, second)


def test_visible_tokens_count_where_they_are_given_weight(scans):
    method, both, view = made(scans), made(scans, visible=1.0), plain(scans)
    both.load_state_dict(method.state_dict())
    less, more = (each([view], torch.Generator().manual_seed(1)).total.detach() for each in (method, both))
    assert more > less


def test_it_learns_through_both_stages(scans):
    method = made(scans, settles=5)
    optimiser = torch.optim.AdamW([weight for weight in method.parameters() if weight.requires_grad], lr=3e-3)
    losses = []
    for step in range(80):
        generator = torch.Generator().manual_seed(step)
        rows = torch.randperm(1500, generator=generator)[:64]
        losses.append(float(method.update(scans.views(rows, generator, "plain"), optimiser, generator, (step + 1) / 80).total))
    assert sum(losses[35:40]) / 5 < math.log(6) < losses[0]
    assert sum(losses[75:]) / 5 < math.log(10)


@pytest.mark.parametrize("options", [{"codes": [6]}, {"recluster": [0.5, 0.3], "codes": [6, 6, 6]}, {"recluster": [1.0]}])
def test_stages_without_clusters_or_order_are_refused(scans, options):
    with pytest.raises(RecipeError, match="recluster"):
        made(scans, **options)


def test_more_clusters_than_tokens_are_refused(scans):
    made(scans).check_batch(2)
    with pytest.raises(RecipeError, match="lower codes"):
        made(scans, codes=[6, 500]).check_batch(32)
