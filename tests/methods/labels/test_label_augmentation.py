"""One label for class and change: closed forms, what all views say together, and the single classifier that learns it."""

import math

import pytest
import torch
import torch.nn.functional as F

from selflearn.data.questions import Asked, Question
from selflearn.errors import RecipeError
from selflearn.methods import find
from tests.methods.labels.test_cross_entropy import Line, batch

ASKED = {"shift": Asked(1, 4, "classes")}


def method(**options):
    torch.manual_seed(0)
    return find("LabelAugmentation")(Line(), **{"classes": 3, "asked": ASKED, **options})


def changed(labels, change):
    """A view of samples that were all changed in one way."""
    view = batch(labels)
    rows = torch.arange(len(view))
    question = Question(rows[:, None], torch.full_like(rows, change))
    return view.replace(values=view.values + change, questions={"shift": question})


def views(labels):
    return [changed(labels, change) for change in range(4)]


def losses(model, *seen):
    return model(list(seen), torch.Generator()).losses


def test_who_knows_nothing_guesses_among_pairs():
    model = method()
    torch.nn.init.zeros_(model.head.weight)
    torch.nn.init.zeros_(model.head.bias)
    assert losses(model, *views([0, 1, 2]))["joint"].item() == pytest.approx(math.log(3 * 4))


def test_a_pair_is_a_label():
    model, (view,) = method(), [changed([0, 2, 1], 3)]
    logits = model.head(model.encoder(view).pooled)
    expected = F.cross_entropy(logits, torch.tensor([0 * 4 + 3, 2 * 4 + 3, 1 * 4 + 3]))
    assert losses(model, view)["joint"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_together_a_class_is_asked_at_each_views_own_change():
    model = method()
    joint = [torch.zeros(2, 3, 4) for _ in range(2)]
    joint[0][:, 1, 0], joint[1][:, 1, 3] = 2.0, 4.0
    joint[0][:, 2, 3] = 100.0  # at another change than the view's: not asked
    told = model.together(joint, [torch.tensor([0, 0]), torch.tensor([3, 3])])
    assert told.tolist() == [[0, 3, 0], [0, 3, 0]]


def test_unlabelled_samples_shape_nothing():
    model, seen = method(distilled=True), views([0, 1, -1, -1])
    rows = torch.arange(2)
    known = [
        view.select(rows).replace(questions={"shift": Question(rows[:, None], torch.full_like(rows, change))})
        for change, view in enumerate(seen)
    ]
    every, alone = losses(model, *seen), losses(model, *known)
    for name in ("joint", "single", "distillation"):
        assert every[name].item() == pytest.approx(alone[name].item(), rel=1e-4), name


def test_the_single_classifier_learns_what_all_views_say():
    model = method(distilled=True)
    seen = views([0, 1, 2, 1])
    found = losses(model, *seen)
    joint = [model.head(model.encoder(view).pooled).unflatten(1, (3, 4)) for view in seen]
    together = torch.stack([logits[:, :, change] for change, logits in enumerate(joint)]).mean(0)
    single = model.alone(model.encoder(seen[0]).pooled)
    divergence = F.kl_div(single.log_softmax(1), together.softmax(1), reduction="batchmean")
    assert found["distillation"].item() == pytest.approx(divergence.item(), rel=1e-4)
    assert found["single"].item() == pytest.approx(F.cross_entropy(single, seen[0].labels).item(), rel=1e-5)


def test_digits_are_learned_with_their_turns(digits):
    torch.manual_seed(0)
    model = find("LabelAugmentation")(digits.encoder(), classes=10, asked={"rotation": Asked(1, 4, "classes")}, distilled=True)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.003)
    for step in range(40):
        rows = torch.arange(64) + 64 * (step % 15)
        model.update(digits.views(rows, torch.Generator().manual_seed(step), "rotation"), optimiser, torch.Generator())
    model.eval()
    seen = digits.views(torch.arange(1200, 1500), torch.Generator().manual_seed(0), "rotation", scale=(1.0, 1.0))
    with torch.no_grad():
        single = model.alone(model.encoder(seen[0]).pooled).argmax(1)
    assert (single == seen[0].labels).float().mean() > 0.7


def test_views_that_ask_nothing_or_of_some_samples_alone_are_refused():
    with pytest.raises(RecipeError, match="views=rotation"):
        method(asked={})
    with pytest.raises(RecipeError, match="of every sample"):
        losses(method(), batch([0, 1]))
    with pytest.raises(RecipeError, match="set distilled"):
        _ = method().alone
