"""Labels found in a memory of all samples: when, among which, how evenly; and what is refused."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.targets import kmeans
from tests.methods.test_learning import four_labels

SAMPLES = 64


def made(digits, name, **options):
    torch.manual_seed(0)
    settings = {"samples": SAMPLES, "prototypes": 8, "heads": 2, **options}
    return find(name)(digits.encoder(), **({"projector": [32, 16]} if name == "DeepClusterV2" else {}), **settings)


def update(method, digits, rows, seed=0):
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.SGD([weight for weight in method.parameters() if weight.requires_grad], lr=0.01)
    return method.update(digits.views(rows, generator), optimiser, generator)


@pytest.mark.parametrize("name", ["SeLa", "DeepClusterV2"])
def test_the_first_pass_only_fills_the_memory(digits, name):
    method = made(digits, name)
    first, second = torch.arange(SAMPLES).chunk(2)
    assert float(update(method, digits, first).total) == 0
    assert bool((method.labels == -1).all())
    assert float(update(method, digits, second).total) > 0
    assert bool((method.labels >= 0).all())


@pytest.mark.parametrize("name", ["SeLa", "DeepClusterV2"])
def test_labels_stand_still_until_enough_passes_are_over(digits, name):
    method = made(digits, name, every=2.0)
    halves = torch.arange(SAMPLES).chunk(2)
    for half in halves:
        update(method, digits, half)
    found = method.labels.clone()
    rounds = []
    for half in (*halves, *halves):
        update(method, digits, half, seed=1)
        rounds.append(int(method.rounds))
    assert rounds == [1, 1, 1, 2]
    assert not torch.equal(found, method.labels)


@pytest.mark.parametrize("name", ["SeLa", "DeepClusterV2"])
def test_samples_that_were_left_out_have_no_label(digits, name):
    method = made(digits, name)
    for seed in range(2):
        update(method, digits, torch.arange(32), seed)
    assert bool((method.labels[:, :32] >= 0).all())
    assert bool((method.labels[:, 32:] == -1).all())
    assert float(update(method, digits, torch.arange(32, 64)).total) == 0


def test_deepclusters_labels_are_the_nearest_centroids(digits):
    method = made(digits, "DeepClusterV2")
    update(method, digits, torch.arange(SAMPLES))
    for head in range(2):
        vectors = method.memories[head].vectors
        assert torch.equal(method.logits(head, vectors).argmax(1), method.labels[head])
    assert not torch.equal(method.labels[0], method.labels[1])


def test_sela_shares_labels_equally_where_the_network_prefers_one(digits):
    method = made(digits, "SeLa", iterations=300)
    with torch.no_grad():
        method.classifiers[0].bias[3] += 5.0
    update(method, digits, torch.arange(SAMPLES))
    preferred = method.logits(0, method.memories[0].vectors).argmax(1)
    assert bool((preferred == 3).all())
    counts = method.labels[0].bincount(minlength=8)
    assert int(counts.min()) >= SAMPLES // 8 // 2
    assert int(counts.max()) <= SAMPLES // 8 * 2


def test_sela_takes_a_single_view(digits):
    method = made(digits, "SeLa", samples=32)
    generator = torch.Generator().manual_seed(0)
    assert method(digits.views(torch.arange(32), generator, "weak"), generator).total > 0


def test_deepcluster_finds_what_k_means_finds(digits):
    method = made(digits, "DeepClusterV2", heads=1)
    update(method, digits, torch.arange(SAMPLES))
    labels, _ = kmeans(method.memories[0].vectors, 8, torch.Generator().manual_seed(0), 10, spherical=True)
    assert torch.equal(labels, method.labels[0])


@pytest.mark.parametrize("name", ["SeLa", "DeepClusterV2"])
def test_what_cannot_be_shared_out_is_refused(digits, name):
    with pytest.raises(RecipeError, match="cannot share 64 samples among 65 prototypes; lower prototypes"):
        made(digits, name, prototypes=65)
    with pytest.raises(RecipeError, match="set samples"):
        made(digits, name, samples=None)
    with pytest.raises(RecipeError, match="every"):
        made(digits, name, every=0.0)


@pytest.mark.parametrize("name", ["SeLa", "DeepClusterV2"])
def test_what_it_learns_from_its_own_labels_tells_digits_apart(digits, name):
    method = made(digits, name, samples=400, prototypes=32)
    before = four_labels(digits.embed(method.encoder), digits.labels)
    optimiser = torch.optim.AdamW(method.parameters(), 3e-3)
    generator = torch.Generator().manual_seed(0)
    for step in range(75):
        rows = torch.randperm(400, generator=generator)[:80]
        outcome = method.update(digits.views(rows, generator), optimiser, generator, step / 75)
    assert outcome.total.isfinite()
    assert four_labels(digits.embed(method.encoder), digits.labels) > before + 0.03
