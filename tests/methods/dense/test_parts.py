"""Parts of samples: DetCon's segments, SlotCon's slots, OBoW's words."""

import pytest
import torch
import torch.nn.functional as F

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.networks import Features


def views_of(data, rows=16, name="standard", seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    return data.views(torch.arange(rows), generator, name, **options), generator


def made(name, encoder, **options):
    small = {
        "DetCon": {"projector": [32, 16]},
        "SlotCon": {"projector": [32, 16], "prototypes": 8, "predictor": 16},
        "OBoW": {"words": 24},
    }
    torch.manual_seed(0)
    return find(name)(encoder, **{**small[name], **options})


def test_a_segment_is_the_mean_of_its_tokens(digits):
    views, _ = views_of(digits, name="segmented", segments=4)
    method = made("DetCon", digits.encoder("vit-tiny"))
    view = views[0]
    view.changes["segments"] = torch.zeros_like(view.changes["segments"])
    features = method.encoder(view)
    means, there = method.means(view, features, 3)
    assert there.tolist() == [[True, False, False]] * 16
    assert torch.allclose(means[:, 0], features.tokens.mean(1), atol=1e-6)


def test_with_one_segment_a_sample_detcon_is_simclr_of_mean_tokens(digits):
    views, generator = views_of(digits, name="segmented", segments=4)
    for view in views:
        view.changes["segments"] = torch.zeros_like(view.changes["segments"])
    encoder = digits.encoder("vit-tiny")
    detcon = made("DetCon", encoder).eval()
    simclr = find("SimCLR")(encoder, projector=[32, 16]).eval()
    simclr.head = detcon.head
    simclr.temperature = detcon.temperature
    assert torch.allclose(detcon(views, generator).total, simclr(views, generator).total, atol=1e-5)


def test_segments_that_a_view_does_not_show_are_compared_with_nothing(digits):
    method = made("DetCon", digits.encoder("vit-tiny"))
    told = torch.randn(12, 16, generator=torch.Generator().manual_seed(0))
    there = [torch.tensor([[True, False], [True, True], [True, False]]), torch.tensor([[True, True], [True, True], [False, False]])]
    own = torch.arange(3)
    first = method.of_segments(told, there, own)
    seen = torch.cat([each.flatten() for each in there])
    told[~seen] = 100.0
    assert torch.equal(first, method.of_segments(told, there, own))


def test_views_without_segments_are_told_so(digits):
    views, generator = views_of(digits)
    with pytest.raises(RecipeError, match="--set views=segmented"):
        made("DetCon", digits.encoder())(views, generator)


def test_slots_take_what_their_prototypes_claim(digits):
    method = made("SlotCon", digits.encoder("vit-tiny"))
    tokens = torch.randn(2, 6, 16, generator=torch.Generator().manual_seed(0))
    scores = torch.full((2, 6, 8), -1.0)
    claimed = torch.tensor([0, 0, 3, 3, 3, 7])
    scores[:, torch.arange(6), claimed] = 1.0
    slots, there = method.slots(tokens, scores, Features(tokens.mean(1), tokens))
    assert there[0].nonzero().flatten().tolist() == [0, 3, 7]
    for slot in (0, 3, 7):
        assert torch.allclose(slots[:, slot], tokens[:, claimed == slot].mean(1), atol=1e-3)


def test_only_places_in_the_overlap_must_agree(digits):
    views, _ = views_of(digits, rows=4, name="plain")
    method = made("SlotCon", digits.encoder("vit-tiny"))
    features = method.encoder(views[0])
    places = torch.rand(4, 16, 2, generator=torch.Generator().manual_seed(0))
    scores = torch.randn(4, 16, 8, generator=torch.Generator().manual_seed(1))
    assert float(method.agree(scores, scores, places, places + 10.0, features, features)) == 0
    assert float(method.agree(scores, scores, places, places, features, features)) > 0


def test_an_agreement_of_equal_views_is_the_cross_entropy_of_each_place_with_itself(digits):
    views, _ = views_of(digits, rows=4, name="plain")
    method = made("SlotCon", digits.encoder("vit-tiny"))
    features = method.encoder(views[0])
    places = method.encoder.token_places(views[0], 16)
    scores, wanted = torch.randn(2, 4, 16, 8, generator=torch.Generator().manual_seed(1))
    told = method.agree(scores, wanted, places, places, features, features)
    target = (wanted / method.teacher_temperature).softmax(2)
    assert torch.allclose(told, -(target * (scores / method.temperature).log_softmax(2)).sum(2).mean(), rtol=1e-4)


def test_bags_are_shares_of_the_words_that_are_there(digits):
    method = made("OBoW", digits.encoder(), sharpness=1000.0).eval()
    vocabulary = 10 * torch.eye(5)
    tokens = vocabulary[torch.tensor([[0, 0, 1], [4, 4, 4]])]
    bags = method.bags(Features(tokens.mean(1), tokens), vocabulary)
    assert torch.allclose(bags, torch.tensor([[0.5, 0.5, 0, 0, 0], [0, 0, 0, 0, 1.0]]), atol=1e-5)
    real = torch.tensor([[True, True, False], [True, True, True]])
    bags = method.bags(Features(tokens.mean(1), tokens, mask=real), vocabulary)
    assert torch.allclose(bags[0], F.one_hot(torch.tensor(0), 5).float(), atol=1e-5)


def test_the_vocabulary_takes_one_of_the_teachers_tokens_a_sample(digits):
    method = made("OBoW", digits.encoder())
    views, generator = views_of(digits)
    before = method.vocabulary.kept.clone()
    method(views, generator)
    changed = (method.vocabulary.kept != before).any(1)
    assert int(changed.sum()) == 16
    assert not torch.equal(method.distance, torch.tensor(1.0))
    method.eval()
    kept = method.vocabulary.kept.clone()
    method(views, generator)
    assert torch.equal(kept, method.vocabulary.kept)


@pytest.mark.parametrize("name", ["DetCon", "SlotCon", "OBoW"])
def test_parts_of_series_are_learned_from_too(scans, name):
    method = made(name, scans.encoder())
    views, generator = views_of(scans, name="segmented" if name == "DetCon" else "standard")
    optimiser = torch.optim.SGD([weight for weight in method.parameters() if weight.requires_grad], lr=0.01)
    assert method.update(views, optimiser, generator).total.isfinite()
