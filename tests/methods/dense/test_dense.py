"""Places that belong together: which ones DenseCL, VICRegL and iBOT compare, and what becomes of what they compare."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.methods.dense.dense_cl import own_positive
from selflearn.methods.dense.tokens import apart, places_of, taken
from selflearn.methods.dense.vicreg_l import matched
from selflearn.networks import Features
from selflearn.objectives import info_nce


def views_of(data, rows=16, name="standard", seed=0, **options):
    generator = torch.Generator().manual_seed(seed)
    return data.views(torch.arange(rows), generator, name, **options), generator


def densecl(data, encoder, **options):
    torch.manual_seed(0)
    return find("DenseCL")(encoder, **{"projector": [32, 16], "token_projector": [32, 16], "queue": 16, **options})


def test_a_place_finds_itself_in_an_equal_view(digits):
    views, generator = views_of(digits, name="plain")
    method = densecl(digits, digits.encoder("vit-tiny")).eval()
    features = method.encoder(views[0])
    with torch.no_grad():
        tokens = method.teacher_token_head(features.tokens)
        means = torch.nn.functional.normalize(tokens, dim=2).mean(1)
        found = method.of_places(features, features, tokens, means)["places"]
        queries = method.token_head(features.tokens).flatten(0, 1)
        sample = torch.arange(16).repeat_interleave(tokens.shape[1])
        keys = torch.cat([queries, means])
        expected = info_nce(queries, keys, own_positive(sample, len(keys)), method.temperature)
    assert float(found) == pytest.approx(0.5 * float(expected), rel=1e-4)


def test_the_contrast_of_places_is_a_softmax_over_own_positive_and_other_samples():
    torch.manual_seed(0)
    queries, positives, means = (torch.nn.functional.normalize(torch.randn(*shape), dim=1) for shape in ((6, 4), (6, 4), (3, 4)))
    sample = torch.tensor([0, 0, 1, 1, 2, 2])
    keys = torch.cat([positives, means])
    told = info_nce(queries, keys, own_positive(sample, 9), 0.2)
    own = (queries * positives).sum(1) / 0.2
    others = (queries @ means.T / 0.2).masked_fill(torch.nn.functional.one_hot(sample, 3).bool(), -torch.inf)
    expected = (torch.cat([own[:, None], others], 1).logsumexp(1) - own).mean()
    assert torch.allclose(told, expected)


def test_densecls_queues_remember_the_second_view(digits):
    method = densecl(digits, digits.encoder())
    views, generator = views_of(digits)
    method(views, generator)
    assert len(method.keys.vectors()) == len(method.token_keys.vectors()) == 16
    before = [method(views, torch.Generator()).losses[name].detach() for name in ("samples", "places")]
    assert all(each.isfinite() for each in before)


def test_weights_of_samples_and_places(digits):
    views, generator = views_of(digits)
    for share, silent in ((0.0, "places"), (1.0, "samples")):
        outcome = densecl(digits, digits.encoder(), places=share)(views, generator)
        assert float(outcome.losses[silent].detach()) == 0


def test_matches_are_the_nearest_in_their_own_order():
    tokens = torch.arange(4.0)[None, :, None]
    others = torch.tensor([10.0, 20.0, 30.0])[None, :, None]
    distances = torch.tensor([[[5.0, 1.0, 9.0], [0.2, 3.0, 3.0], [7.0, 7.0, 0.1], [6.0, 6.0, 6.0]]])
    first, second = matched(tokens, others, distances, 2)
    assert first.flatten().tolist() == [1.0, 2.0]
    assert second.flatten().tolist() == [10.0, 30.0]


def test_vicregl_matches_places_that_lie_together_in_the_sample(digits):
    views, _ = views_of(digits, rows=4)
    method = find("VICRegL")(digits.encoder("vit-tiny"), projector=[16], token_projector=[16]).eval()
    online = [method.encoder(view) for view in views]
    first, second = (places_of(method.encoder, view, features) for view, features in zip(views, online, strict=True))
    one, other = matched(first, second, apart(first, second, online[1]), 3)
    nearest = torch.cdist(first, second).min(2).values.sort(1).values[:, :3]
    assert torch.allclose((one - other).norm(dim=2).sort(1).values, nearest, atol=1e-5)


def test_vicregl_is_vicreg_where_only_whole_samples_count(digits):
    views, generator = views_of(digits)
    torch.manual_seed(0)
    local = find("VICRegL")(digits.encoder(), projector=[32, 32], token_projector=[16], whole=1.0)
    outcome = local(views, generator)
    assert all(float(loss.detach()) == 0 for name, loss in outcome.losses.items() if name.startswith("places"))
    torch.manual_seed(0)
    whole = find("VICReg")(digits.encoder(), projector=[32, 32])
    whole.load_state_dict({name: value for name, value in local.state_dict().items() if not name.startswith("token_head")})
    for name in ("invariance", "variance"):
        assert torch.allclose(whole(views, generator).losses[name], outcome.losses[name])


def test_padded_tokens_are_nobodys_neighbours():
    features = Features(torch.zeros(1, 2), torch.zeros(1, 3, 2), mask=torch.tensor([[True, True, False]]))
    distances = apart(torch.zeros(1, 2, 1), torch.tensor([[[5.0], [3.0], [0.0]]]), features)
    assert distances.argmin(2).tolist() == [[1, 1]]
    assert taken(torch.arange(3.0)[None, :, None], torch.tensor([[2, 0]])).flatten().tolist() == [2.0, 0.0]


@pytest.mark.parametrize("name", ["DenseCL", "VICRegL", "IBOT"])
def test_dense_methods_do_not_know_the_kind_of_data(scans, name):
    torch.manual_seed(0)
    options = {
        "DenseCL": {"token_projector": [32, 16], "queue": 16},
        "VICRegL": {"token_projector": [16]},
        "IBOT": {"prototypes": 12},
    }
    method = find(name)(scans.encoder(), projector=[32, 16], **options[name])
    views, generator = views_of(scans, window=0.5)
    optimiser = torch.optim.SGD([weight for weight in method.parameters() if weight.requires_grad], lr=0.01)
    assert method.update(views, optimiser, generator).total.isfinite()


@pytest.mark.parametrize("name", ["DenseCL", "VICRegL"])
def test_an_encoder_without_places_is_refused(sentences, name):
    with pytest.raises(RecipeError, match=f"{name} needs an encoder with places"):
        find(name)(sentences.encoder())


def test_ibot_tells_only_what_is_hidden(digits):
    torch.manual_seed(0)
    method = find("IBOT")(digits.encoder("vit-tiny"), projector=[16, 8], prototypes=12).eval()
    views, generator = views_of(digits)
    features = [method.encoder(view) for view in views]
    nothing = torch.zeros(16, 16, dtype=torch.bool)
    one_token = nothing.clone()
    one_token[3, 5] = True
    one = float(method.of_tokens(features, features, [one_token, nothing]).detach())
    assert float(method.of_tokens(features, features, [nothing, nothing]).detach()) == 0
    logits = method.head(features[0].tokens[3, 5][None]).detach() / method.temperature
    target = (method.teacher_head(features[0].tokens[3, 5][None]) / method.token_sharpness.value).softmax(1)
    assert one == pytest.approx(float(-(target * logits.log_softmax(1)).sum()) / 16 / 2, rel=0.05)


def test_about_half_of_ibots_samples_are_masked_by_its_shares(digits):
    method = find("IBOT")(digits.encoder("vit-tiny"), projector=[16, 8], prototypes=12, least_hidden=0.25, hidden=0.5)
    views, generator = views_of(digits, rows=200)
    hidden = method.draw(views[0], generator).float().mean(1)
    masked = hidden > 0
    assert 0.35 < float(masked.float().mean()) < 0.65
    assert len(hidden[masked].unique()) == 1
    assert 0.25 <= float(hidden[masked][0]) <= 0.5
