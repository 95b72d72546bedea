"""Pretext tasks on a small graph of two communities: closed forms, what pairs mean, and that answers are learned."""

import math

import pytest
import torch

from selflearn import views
from selflearn.data.questions import Asked, Question
from selflearn.errors import RecipeError
from selflearn.methods import find
from selflearn.networks import Features

pytest.importorskip("torch_geometric")


def made(papers, ask=("degree", "similarity", "edges"), **options):
    torch.manual_seed(0)
    return find("PretextTasks")(papers.encoder(), asked=papers.asked(ask), **options)


def silent(method):
    for head in method.heads.values():
        for weight in head.parameters():
            torch.nn.init.zeros_(weight)
    return method


def test_heads_that_know_nothing_lose_what_the_answers_hold(papers):
    method = silent(made(papers))
    (view,) = papers.ask(("degree", "similarity", "edges"))
    losses = method([view], torch.Generator()).losses
    assert losses["degree"].item() == pytest.approx(math.log(3))
    assert losses["edges"].item() == pytest.approx(math.log(2))
    assert losses["similarity"].item() == pytest.approx(view.questions["similarity"].answers.square().mean().item(), rel=1e-5)


def test_weights_are_factors_of_their_own_loss(papers):
    (view,) = papers.ask(("degree", "similarity", "edges"))
    plain, weighted = made(papers), made(papers, weights={"edges": 5.0})
    once, more = (method([view], torch.Generator()).losses for method in (plain, weighted))
    assert more["edges"].item() == pytest.approx(5 * once["edges"].item())
    assert more["degree"].item() == pytest.approx(once["degree"].item())


@pytest.mark.parametrize("pairs", ["difference", "product"])
def test_a_pair_has_no_first_end(papers, pairs):
    method = made(papers, pairs=pairs)
    (view,) = papers.ask(("degree", "similarity", "edges"))
    features = method.encoder(view)
    question = view.questions["edges"]
    swapped = type(question)(question.rows.flip(1), question.answers, question.tokens.flip(1))
    assert method.answer(features, "edges", swapped).item() == pytest.approx(method.answer(features, "edges", question).item())


def test_samples_themselves_can_be_asked_about(digits):
    torch.manual_seed(0)
    method = find("PretextTasks")(digits.encoder(), asked={"bright": Asked(1, 2, "classes")})
    features = Features(torch.randn(4, method.encoder.dim))
    question = Question(torch.arange(4)[:, None], torch.tensor([0, 1, 0, 1]))
    told = method.heads["bright"](features.pooled)
    expected = torch.nn.functional.cross_entropy(told, question.answers)
    assert method.answer(features, "bright", question).item() == pytest.approx(expected.item())
    about_tokens = type(question)(question.rows, question.answers, question.rows)
    with pytest.raises(RecipeError, match="about tokens"):
        method.answer(features, "bright", about_tokens)


def test_answers_are_learned(papers):
    ask = ("degree", "distance", "similarity", "edges")
    method = made(papers, ask)
    optimiser = torch.optim.Adam(method.parameters(), lr=0.01)
    totals = []
    for step in range(60):
        outcome = method.update(papers.ask(ask, seed=step), optimiser, torch.Generator())
        totals.append({name: loss.item() for name, loss in outcome.losses.items()})
    for name in ("degree", "distance", "similarity"):
        assert sum(each[name] for each in totals[-10:]) < 0.85 * sum(each[name] for each in totals[:10]), name


def test_ends_with_an_order_are_told_from_all_of_them(digits):
    torch.manual_seed(0)
    encoder = digits.encoder()
    method = find("PretextTasks")(encoder, asked={"place": Asked(3, 2, "classes", ordered=True)})
    assert method.heads["place"][0].in_features == 3 * encoder.dim
    features = Features(torch.randn(6, encoder.dim))
    question = Question(torch.tensor([[0, 1, 2], [3, 4, 5]]), torch.tensor([0, 1]))
    swapped = Question(question.rows.flip(1), question.answers)
    assert method.answer(features, "place", question) != method.answer(features, "place", swapped)


@pytest.mark.parametrize(("name", "options"), [("rotation", {}), ("jigsaw", {"size": 24, "grid": 2, "orders": 2})])
def test_pictures_answer_what_is_asked_of_them(digits, name, options):
    """Digits have an up, and halves with places: the loss falls below that of a guess."""
    torch.manual_seed(0)
    asked = views.asked(digits.spec, 10, name, **options)
    method = find("PretextTasks")(digits.encoder(), asked=asked, head=[32])
    optimiser = torch.optim.Adam(method.parameters(), lr=0.003)
    losses = []
    for step in range(60):
        seen = digits.views(torch.arange(64) + 64 * (step % 8), torch.Generator().manual_seed(step), name, **options)
        losses.append(method.update(seen, optimiser, torch.Generator()).losses[name].item())
    assert sum(losses[-10:]) / 10 < 0.75 * math.log(asked[name].size)


def test_what_asks_nothing_or_something_else_is_refused(papers):
    with pytest.raises(RecipeError, match="these views ask nothing"):
        find("PretextTasks")(papers.encoder())
    with pytest.raises(RecipeError, match="did you mean 'edges'"):
        made(papers, weights={"edge": 1.0})
    with pytest.raises(RecipeError, match="none of its views asks"):
        made(papers)(papers.views(torch.arange(8), torch.Generator()), torch.Generator())
