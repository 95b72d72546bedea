"""wav2vec 2.0: who is a wrong answer, closed forms at collapse, and how the choice sharpens."""

import math

import pytest
import torch

from selflearn.methods import find
from selflearn.targets import Chosen


def made(data, name="patches", **options):
    torch.manual_seed(0)
    return find("Wav2Vec2")(data.encoder(name), **{"span": 2, "width": 16, "entries": 4, **options})


def chosen(codes):
    one = torch.nn.functional.one_hot(codes, 4).float()
    return Chosen(torch.ones(*codes.shape[:2], 16), one, codes)


def test_wrong_answers_are_hidden_tokens_of_the_sample_with_another_code(scans):
    method = made(scans)
    hidden = torch.tensor([[True, True, True, False], [True, True, False, False]])
    codes = torch.tensor([[[0, 0], [0, 1], [0, 0], [3, 3]], [[2, 2], [2, 2], [0, 0], [1, 1]]])
    losses = method.losses(torch.ones(2, 4, 16), chosen(codes), hidden)
    # Of the first sample, tokens 0 and 2 have one other code beside their own, token 1 has two; of the second there is none.
    expected = (math.log(2) + math.log(3) + math.log(2) + 0 + 0) / 5
    assert float(losses["contrast"].detach()) == pytest.approx(expected, rel=1e-5)


def test_one_code_for_all_is_what_diversity_is_against(scans):
    method = made(scans)
    hidden = torch.ones(2, 4, dtype=torch.bool)
    losses = method.losses(torch.ones(2, 4, 16), chosen(torch.zeros(2, 4, 2, dtype=torch.long)), hidden)
    assert float(losses["contrast"].detach()) == 0
    assert float(losses["diversity"]) == pytest.approx(0.1 * 3 / 4, abs=1e-5)
    every = torch.arange(4).view(1, 4, 1).expand(2, 4, 2)
    assert float(method.losses(torch.ones(2, 4, 16), chosen(every), hidden)["diversity"]) == pytest.approx(0, abs=1e-5)


def test_the_choice_sharpens_by_equal_factors(scans):
    method = made(scans, softness=2.0, final_softness=0.5, softening=0.5)
    found = []
    for progress in (0.0, 0.25, 0.5, 1.0):
        method.after_update(progress)
        found.append(float(method.log_softness.value.exp()))
    assert found == pytest.approx([2.0, 1.0, 0.5, 0.5])


def test_the_encoder_does_not_see_what_it_must_find(scans):
    method = made(scans).eval()
    (view,) = scans.views(torch.arange(8), torch.Generator(), "plain")
    said = []
    method.project.register_forward_hook(lambda module, inputs, output: said.append(output.detach()))
    hidden = method.draw(view, torch.Generator().manual_seed(3))
    method([view], torch.Generator().manual_seed(3))
    method([view.replace(values=torch.where(hidden[:, None], 9.0, view.values))], torch.Generator().manual_seed(3))
    torch.testing.assert_close(said[0], said[1])


def test_it_learns_to_find_and_keeps_its_codes(scans):
    method = made(scans, entries=8)
    optimiser = torch.optim.AdamW(method.parameters(), lr=3e-3)
    losses = []
    for step in range(40):
        generator = torch.Generator().manual_seed(step)
        rows = torch.randperm(1500, generator=generator)[:64]
        outcome = method.update(scans.views(rows, generator, "plain"), optimiser, generator, step / 40)
        losses.append(float(outcome.losses["contrast"]))
    assert sum(losses[-5:]) / 5 < 0.7 * losses[0]
    assert float(outcome.losses["diversity"]) < 0.1 * 0.6
