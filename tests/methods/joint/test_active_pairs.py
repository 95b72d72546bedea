"""Active pairs: answers become edges, nothing is asked twice, and the two ends are SimCLR and supervised contrast."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.objectives import SimilarityGraph


def made(digits, name="ActivePairs", **options):
    torch.manual_seed(0)
    more = {"samples": 1797} if name == "ActivePairs" else {}
    return find(name)(digits.encoder(), projector=[16, 8], **more, **options)


def views_of(digits, rows=24, seed=0):
    return digits.views(torch.arange(rows), torch.Generator().manual_seed(seed))


def test_answers_become_edges_of_the_next_update(digits):
    method, views = made(digits, each=5), views_of(digits)
    assert torch.equal(method.positives(views).weights, SimilarityGraph.augmentation(24).weights)
    method(views, torch.Generator())
    assert method.known.left == 995
    edges = method.positives(views).weights
    labels = torch.cat([view.labels for view in views])
    assert bool((labels[:, None] == labels)[edges > 0].all())


def test_the_most_alike_that_are_not_known_are_asked_about(digits):
    method, views = made(digits, each=1), views_of(digits, rows=3)
    embedding = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    labels = torch.tensor([7, 7, 1])
    asked = []
    method.known.tell = lambda first, second, together: asked.append((int(first), int(second), bool(together)))
    method.ask(views[0].replace(labels=labels), embedding, torch.Generator())
    assert asked == [(0, 1, True)]
    method.ask(views[0].replace(labels=torch.tensor([7, -1, 1])), embedding, torch.Generator())
    assert asked[1] == (0, 2, False), "nobody knows of the second"


def test_with_all_pairs_asked_the_edges_are_those_of_supervised_contrast(digits):
    method, views = made(digits, each=10), views_of(digits)
    for _ in range(28):
        method(views, torch.Generator())
    assert torch.equal(method.positives(views).weights, made(digits, "SupCon").positives(views).weights)
    left = method.known.left
    assert left > 1000 - 24 * 23 // 2, "what follows was not asked"
    method(views, torch.Generator())
    assert method.known.left == left, "nothing is left to ask"


def test_without_labels_it_is_simclr(digits):
    views = [view.replace(labels=torch.full_like(view.labels, -1)) for view in views_of(digits)]
    method, plain = made(digits, joined=False), made(digits, "SimCLR", joined=False)
    losses = [method(views, torch.Generator()).total.item() for _ in range(2)]
    assert method.known.left == 1000
    assert losses[1] == pytest.approx(plain(views, torch.Generator()).total.item(), rel=1e-5)


def test_asking_of_the_most_alike_finds_more_that_belong_together(digits):
    """The digits' own pixels as embedding: neighbours share a class more often than any two do."""
    found = {}
    for choice in ("alike", "random"):
        method = made(digits, each=20, choice=choice)
        for start in range(0, 600, 100):
            rows = torch.arange(start, start + 100)
            method.ask(digits.batch(rows), digits.values[rows].flatten(1).float(), torch.Generator().manual_seed(start))
        assert method.known.left == 1000 - 120
        found[choice] = 1797 - len(method.known.number.unique())
    assert found["alike"] > 3 * found["random"]


def test_no_more_is_asked_than_may_be_and_nothing_while_evaluating(digits):
    method = made(digits, questions=7, each=5)
    method.eval()(views_of(digits), torch.Generator())
    assert method.known.left == 7
    method.train()
    for _ in range(3):
        method(views_of(digits), torch.Generator())
    assert method.known.left == 0


def test_what_must_be_known_is_asked_for(digits):
    with pytest.raises(RecipeError, match="set samples"):
        find("ActivePairs")(digits.encoder(), projector=[8])
    with pytest.raises(RecipeError, match="same: group"):
        made(digits, same="group")
    with pytest.raises(RecipeError, match="raise samples"):
        made(digits).check_data(1798)
