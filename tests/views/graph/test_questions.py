"""The bank of questions: answers are those of the whole graph, what is asked for is hidden, and labels held back stay so."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.relations import adjacency, hops
from selflearn.data.graphs.spec import GraphSpec
from selflearn.data.questions import Question
from selflearn.errors import RecipeError
from selflearn.views import asked, build

SPEC = GraphSpec(level="node", features=12, mean=(0.0,) * 12, std=(1.0,) * 12)
ALL = ("degree", "clusters", "distance", "similarity", "edges", "features", "labelled", "context")
NODES = 60


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def graph() -> GraphBatch:
    pairs = torch.randint(0, NODES, (2, 130), generator=generator(1))
    low, high = pairs.min(0).values, pairs.max(0).values
    codes = torch.unique((low * NODES + high)[low != high])
    seeds = torch.arange(0, NODES, 2)
    labels = torch.where(torch.arange(30) < 12, torch.arange(30) % 3, -1)
    values = (torch.rand(NODES, 12, generator=generator(2)) < 0.3).float()
    return GraphBatch(values, torch.arange(30), labels, pairs=torch.stack([codes // NODES, codes % NODES]), seeds=seeds)


def view(*names: str, seed: int = 0, **options: float) -> GraphBatch:
    (made,) = build(SPEC, "questions", ask=names or ALL, **options)
    return made(graph(), generator(seed))


def ends(question: Question) -> torch.Tensor:
    assert question.tokens is not None and (question.rows == 0).all()
    return question.tokens


def test_questions_are_a_function_of_batch_and_generator() -> None:
    first, again, other = view(seed=3), view(seed=3), view(seed=4)
    assert list(first.questions) == list(ALL)
    for name, question in first.questions.items():
        assert torch.equal(question.answers, again.questions[name].answers), name
        assert torch.equal(ends(question), ends(again.questions[name])), name
    assert not torch.equal(ends(first.questions["similarity"]), ends(other.questions["similarity"]))


def test_answers_have_the_form_that_was_announced() -> None:
    told = asked(SPEC, 3, "questions", ask=ALL)
    for name, question in view().questions.items():
        assert ends(question).shape[1] == told[name].ends, name
        if told[name].form == "classes":
            assert question.answers.ndim == 1 and question.answers.max() < told[name].size, name
        else:
            assert question.answers.shape[1] == told[name].size, name
        assert len(question.answers) == len(ends(question)) > 0, name


def test_distances_are_those_of_the_whole_graph_and_equally_many() -> None:
    question = view("distance").questions["distance"]
    steps = hops(adjacency(graph().pairs, NODES), torch.arange(NODES))
    true = steps[ends(question)[:, 0], ends(question)[:, 1]]
    assert torch.equal(question.answers, torch.where((true < 0) | (true > 4), 4, true) - 1)
    assert len(set(torch.bincount(question.answers).tolist())) == 1


def test_likeness_is_the_cosine_and_the_most_alike_are_among_the_pairs() -> None:
    question = view("similarity").questions["similarity"]
    unit = F.normalize(graph().values, dim=1)
    first, second = ends(question).T
    assert (first != second).all()
    assert torch.allclose(question.answers[:, 0], (unit[first] * unit[second]).sum(1), atol=1e-6)
    cosines = (unit @ unit.T).fill_diagonal_(-1.0)
    best = torch.zeros(NODES).scatter_reduce(0, first, question.answers[:, 0], "amax")
    assert torch.allclose(best, cosines.max(dim=1).values.clamp(min=0), atol=1e-6)


def test_edges_that_are_asked_for_are_gone_and_the_others_never_were() -> None:
    shown = view("edges", edges=0.3)
    question, pairs = shown.questions["edges"], graph().pairs
    assert shown.pairs.shape[1] + int(question.answers.sum()) == pairs.shape[1]
    codes = set((pairs[0] * NODES + pairs[1]).tolist())
    left = set((shown.pairs[0] * NODES + shown.pairs[1]).tolist())
    for (first, second), joined in zip(ends(question).tolist(), question.answers.tolist(), strict=True):
        code = min(first, second) * NODES + max(first, second)
        assert (code in codes) == bool(joined) and code not in left and first != second


def test_features_that_are_asked_for_are_hidden() -> None:
    shown = view("features", features=0.4)
    question = shown.questions["features"]
    nodes = ends(question)[:, 0]
    assert (shown.values[nodes] == 0).all()
    assert torch.equal(question.answers, graph().values[nodes])
    seen = torch.ones(NODES, dtype=torch.bool)
    seen[nodes] = False
    assert torch.equal(shown.values[seen], graph().values[seen])


def test_labels_that_nobody_knows_change_nothing_and_known_ones_are_not_asked_for() -> None:
    batch = graph()
    known = batch.seeds[batch.labels >= 0]
    steps = hops(adjacency(batch.pairs, NODES), known)
    for name, question in view("labelled", "context").questions.items():
        assert not set(ends(question)[:, 0].tolist()) & set(known.tolist()), name
    question = view("labelled").questions["labelled"]
    node = ends(question)[0, 0]
    of_first = [1 / (1 + int(s)) if s >= 0 else 0.0 for s, c in zip(steps[node], batch.labels[:12], strict=True) if c == 0]
    assert float(question.answers[0, 0]) == pytest.approx(sum(of_first) / len(of_first))
    assert torch.allclose(view("context").questions["context"].answers.sum(1), torch.tensor(1.0))


def test_a_batch_without_any_label_asks_nothing_about_them() -> None:
    (made,) = build(SPEC, "questions", ask=("labelled", "context"))
    found = made(graph().replace(labels=torch.full((30,), -1)), generator()).questions
    assert {name: len(question.answers) for name, question in found.items()} == {"labelled": 0, "context": 0}


def test_parts_of_a_view_have_no_questions() -> None:
    assert view("degree").select(torch.arange(3)).questions == {}
    assert GraphBatch.join([view("degree"), view("degree")]).questions == {}


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(RecipeError, match="did you mean 'degree'"):
        build(SPEC, "questions", ask=("degrees",))
    with pytest.raises(RecipeError, match="none is named"):
        build(SPEC, "questions", ask=())
    with pytest.raises(RecipeError, match="level=node"):
        build(SPEC.model_copy(update={"level": "graph"}), "questions")
    with pytest.raises(RecipeError, match="at least two classes"):
        asked(SPEC, 0, "questions", ask=("context",))
