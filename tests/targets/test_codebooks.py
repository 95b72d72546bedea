"""Codebooks: groups are found, averages are exact, what stands still stands still, and choices follow their odds."""

import copy

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.targets import Codebook, GumbelCodebook, RandomQuantiser, kmeans, nearest


def centres_of(vectors, codes, iterations=10):
    return kmeans(vectors, codes, torch.Generator().manual_seed(0), iterations, apart=True)[1]


def groups(per=20, seed=0):
    """Five groups of vectors, far apart."""
    generator = torch.Generator().manual_seed(seed)
    centres = 10 * torch.eye(5)
    owner = torch.arange(5).repeat(per)
    return centres[owner] + 0.1 * torch.randn(5 * per, 5, generator=generator), owner


def test_kmeans_finds_groups_that_lie_apart():
    vectors, owner = groups()
    centres = centres_of(vectors, 5)
    means = torch.stack([vectors[owner == number].mean(0) for number in range(5)])
    found, distances = nearest(means, centres)
    assert sorted(found.tolist()) == [0, 1, 2, 3, 4]
    assert distances.max() < 1e-8
    assert torch.equal(centres, centres_of(vectors, 5))


def test_no_step_of_kmeans_makes_it_worse_and_no_centre_is_left_alone():
    vectors = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    errors = [float(nearest(vectors, centres_of(vectors, 16, steps))[1].sum()) for steps in range(1, 7)]
    assert errors == sorted(errors, reverse=True)
    assert len(set(nearest(vectors, centres_of(vectors, 16))[0].tolist())) == 16
    few = torch.tensor([[0.0], [1.0], [5.0]])
    assert sorted(centres_of(few, 3).flatten().tolist()) == [0, 1, 5]
    assert centres_of(torch.zeros(4, 2), 3).isfinite().all()  # equal vectors
    with pytest.raises(RecipeError, match="cannot make 4 clusters"):
        centres_of(few, 4)


def test_a_codebook_begins_as_kmeans_and_moves_by_averages():
    vectors, _ = groups()
    codebook = Codebook(5, 5, settles=2, momentum=0.75)
    codebook.follow(vectors)
    assert torch.equal(codebook.centres, centres_of(vectors, 5))
    before, (more, _) = codebook.centres.clone(), groups(per=30, seed=1)
    codes = codebook(more)
    codebook.follow(more)
    for code in range(5):
        sums = 0.75 * 20 * before[code] + 0.25 * more[codes == code].sum(0)
        torch.testing.assert_close(codebook.centres[code], sums / (0.75 * 20 + 0.25 * 30))
    state = copy.deepcopy(codebook.state_dict())
    codebook.follow(more + 1)
    assert all(torch.equal(value, state[key]) for key, value in codebook.state_dict().items())  # it stands still


def test_a_code_that_nothing_is_nearest_to_stays():
    vectors, owner = groups()
    codebook = Codebook(5, 5)
    codebook.follow(vectors)
    alone = int(codebook(vectors[owner == 3])[0])
    before = codebook.centres[alone].clone()
    codebook.follow(vectors[owner != 3])
    torch.testing.assert_close(codebook.centres[alone], before)


def test_codes_have_the_shape_of_the_vectors_and_survive_autocast():
    vectors, owner = groups()
    for quantiser in (Codebook(5, 5), RandomQuantiser(7, 5)):
        quantiser.follow(vectors)
        codes = quantiser(vectors.view(4, 25, 5))
        assert codes.shape == (4, 25)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert torch.equal(quantiser(vectors.view(4, 25, 5)), codes)


def test_random_codes_are_blind_to_length_and_never_move():
    torch.manual_seed(0)
    quantiser = RandomQuantiser(50, 6, width=4)
    vectors = torch.randn(500, 6)
    before = copy.deepcopy(quantiser.state_dict())
    codes = quantiser(vectors)
    quantiser.follow(vectors)
    assert torch.equal(codes, quantiser(7 * vectors))
    assert all(torch.equal(value, before[key]) for key, value in quantiser.state_dict().items())
    assert len(set(codes.tolist())) > 25
    assert not list(quantiser.parameters())


def gumbel():
    torch.manual_seed(0)
    return GumbelCodebook(6, groups=2, entries=4, out=10)


def test_a_choice_is_an_entry_of_every_group():
    codebook, vectors = gumbel(), torch.randn(3, 5, 6)
    chosen = codebook(vectors, 1.0, torch.Generator().manual_seed(0))
    for group in range(2):
        torch.testing.assert_close(chosen.vectors[..., 5 * group : 5 * group + 5], codebook.table[group][chosen.codes[..., group]])
    torch.testing.assert_close(chosen.probabilities.sum(-1), torch.ones(3, 5, 2))
    chosen.vectors.square().sum().backward()
    assert all(weight.grad.abs().sum() > 0 for weight in codebook.parameters())


def test_choices_follow_their_odds_while_learning_and_are_the_best_after():
    codebook, vectors = gumbel(), 0.3 * torch.randn(1, 6).expand(40_000, 6)
    chosen = codebook(vectors, 0.5, torch.Generator().manual_seed(0))
    shares = torch.stack([torch.bincount(chosen.codes[:, group], minlength=4) / 40_000 for group in range(2)])
    torch.testing.assert_close(shares, chosen.probabilities[0].detach(), atol=0.01, rtol=0)
    best = codebook.eval()(vectors[:5], 0.5, torch.Generator()).codes
    assert torch.equal(best, chosen.probabilities[:5].argmax(-1))


def test_groups_must_divide_the_width():
    with pytest.raises(RecipeError, match="multiple of its 3 groups"):
        GumbelCodebook(6, groups=3, entries=4, out=10)
