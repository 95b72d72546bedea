"""Two processes, each with half of a batch, learn what one process with all of it would: for every method."""

import copy
import os
import socket

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from selflearn.data.questions import Question
from selflearn.networks import synced
from selflearn.ranks import rank, rank_mean, together
from tests.methods.test_every_method import ASKED, MASKED, ON_PAPERS, ON_SERIES, ON_TASKS, ON_TEXTS, SMALL, VIEWS, made

ROWS = 16
OPTIONS = {
    "SwAV": {"prototypes": 8, "queue": 16},
    "E2MC": {"entropy": 1.0},  # logarithms of small gaps between sorted values are steep
    "MomentumContrast": {"spread": 0.0},  # KoLeo looks for neighbours within a rank, as published
    "MaskedLanguage": {"shown": 0.0},
    "TimeDRL": {"dropout": 0.0},
    "LossGate": {"samples": ROWS},
    "SeLa": {"samples": ROWS, "prototypes": 4},
    "DeepClusterV2": {"samples": ROWS, "prototypes": 4},
}
KEPT = ("running", "centre", "moment", "kept", "vectors")
NOT_PARTED = set(ON_PAPERS)  # every rank holds the one graph, and asks of it at random
CASES = {
    **{name: {} for name in SMALL if name not in NOT_PARTED},
    "JEPA of whitened targets": {"normalised": "batch"},
    "CPC within samples": {"negatives": "sample"},
    "HuBERT of its own features": {},
    "BEiT of random codes": {"tokeniser": "random"},
    "BEiT of coded tokens": {"coded": True},
    "MomentumContrast of MoCo v2": {"queue": 8, "symmetric": False, "norms": "none"},
    "MomentumContrast of MoCo v3": {"predictor": 32, "norms": "all", "objective": "decoupled"},
    "NNCLR whose queue is full": {"queue": 16, "objective": "sigmoid"},
    "ReSSL whose queue is full": {"queue": 16},
    "Template of Barlow Twins": {"loss": "redundancy", "target": "student"},
    "Template of SimSiam": {"loss": "regression", "target": "stopped", "predictor": 32},
}

pytestmark = pytest.mark.skipif(not dist.is_available(), reason="torch was built without distributed")


class Drawn:
    """What a method would draw, kept for each sample instead, so that a rank hides of its samples what one process would."""

    def __init__(self, *kept):
        self.kept = kept

    def __call__(self, view, *ignored):
        rows = view.index - view.index.min() + ROWS // 2 * rank()
        found = tuple(each[rows] for each in self.kept)
        return found[0] if len(found) == 1 else found


class Altered(Drawn):
    """The same for TERA, which gives the content and not the view."""

    def __call__(self, content, *ignored):
        first = ROWS // 2 * rank()
        found = tuple(each[first : first + len(content)] for each in self.kept)
        return found[0] if len(found) == 1 else found


def prepared(request, case):
    """A method and the views of a whole batch; whatever would be drawn for a sample is fixed."""
    name = case.split()[0]
    fixtures = {"sentences": ON_TEXTS, "scans": ON_SERIES, "tasks": ON_TASKS}
    data = request.getfixturevalue(next((fixture for fixture, names in fixtures.items() if name in names), "digits"))
    method = made(data, name, **OPTIONS.get(name, {}), **CASES[case])
    generator = torch.Generator().manual_seed(0)
    views = data.views(torch.arange(ROWS), generator, VIEWS.get(name, "standard"), **ASKED.get(name, {}))
    if name in MASKED | {"CroCo", "IBOT"}:
        method.draw = Drawn(method.draw(views[0], generator))
    if name == "SelfTuning":
        method.draw = Drawn(*method.draw(views[0], generator))
    if name == "GMML":
        method.overwrite = Altered(method.overwrite(method.encoder.token_content(views[0]).values, generator))
    if name == "Wav2Vec2":
        method.codebook.noise = Altered(
            method.codebook.noise(torch.empty(ROWS, len(views[0].values[0].flatten()) // 4, 2, 8), generator)
        )
    if case == "HuBERT of its own features":
        method.after_update(0.5)
    if name == "TERA":
        content = method.encoder.token_content(views[0]).values.detach()
        method.alter = Altered(*method.alter(content, method.encoder.token_real(views[0]), generator))
    if case.endswith("is full"):
        method.memory.add(torch.randn(method.memory.size, 16, generator=generator))
    return method, views


def part(view, rows):
    """Some samples of a view with what it asks of each."""
    every = torch.arange(len(view))[:, None]
    asked = {name: each for name, each in view.questions.items() if torch.equal(each.rows, every)}
    return view.select(rows).replace(
        questions={name: Question(every[: len(rows)], each.answers[rows]) for name, each in asked.items()}
    )


def gradients(method, views):
    torch.manual_seed(0)
    method(views, torch.Generator().manual_seed(7)).total.backward()
    return {name: weight.grad for name, weight in method.named_parameters() if weight.grad is not None}


def work(number, port, cases, out):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    torch.set_num_threads(1)
    place = {"RANK": str(number), "WORLD_SIZE": "2", "LOCAL_RANK": str(number), "LOCAL_WORLD_SIZE": "2"}
    found = {}
    with together(place):
        mine = torch.arange(ROWS // 2) + ROWS // 2 * number
        for case, (method, views) in copy.deepcopy(cases).items():  # processes that are spawned share the memory of tensors
            with synced(method):
                own = gradients(method, [part(view, mine) for view in views])
            buffers = {name: buffer for name, buffer in method.named_buffers() if any(each in name for each in KEPT)}
            found[case] = {name: rank_mean(grad) for name, grad in own.items()}, buffers
    torch.save(found, out / f"{number}.pt")


@pytest.fixture(scope="module")
def both(request, tmp_path_factory):
    """What two ranks found, and what one process did."""
    out = tmp_path_factory.mktemp("ranks")
    cases = {case: prepared(request, case) for case in CASES}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    alone = {}
    for case, (method, views) in copy.deepcopy(cases).items():
        own = gradients(method, views)
        alone[case] = own, dict(method.named_buffers())
    mp.spawn(work, (port, cases, out), nprocs=2)
    return alone, [torch.load(out / f"{number}.pt", weights_only=True) for number in range(2)]


@pytest.mark.parametrize("case", CASES)
def test_the_gradient_of_two_ranks_is_that_of_one_process_on_the_joint_batch(both, case):
    alone, ranks = both
    whole, state = alone[case]
    scale = torch.cat([grad.flatten() for grad in whole.values()]).norm()
    for found, buffers in (each[case] for each in ranks):
        assert set(found) == set(whole)
        apart = torch.cat([(found[name] - whole[name]).flatten() for name in whole]).norm()
        assert float(apart / scale) < 1e-5
        for name, buffer in buffers.items():
            if name == "vocabulary.kept":
                continue  # OBoW keeps tokens that each rank draws for itself
            assert torch.allclose(buffer, state[name], rtol=1e-4, atol=1e-5), name


def test_every_method_is_here():
    assert {case.split()[0] for case in CASES} | NOT_PARTED == set(SMALL)
