"""CTC: transcripts are labels, samples without one have no part, and what was learned can be read."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.measures.transcripts import error_rate
from selflearn.methods import find
from selflearn.objectives import ctc

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def made(data, name="patches", **options):
    torch.manual_seed(0)
    return find("CTC")(data.encoder(name), **{"transcripts": WORDS, **options})


def plain(scans, rows):
    return scans.views(torch.as_tensor(rows), torch.Generator(), "plain")[0]


def test_the_loss_is_that_of_the_labels_transcripts(scans):
    method, view = made(scans), plain(scans, range(6))
    spelt = [[1 + method.alphabet.index(letter) for letter in WORDS[label]] for label in view.labels.tolist()]
    symbols = torch.tensor([each + [0] * (5 - len(each)) for each in spelt])
    expected = ctc(method.head(method.encoder(view).tokens), symbols, torch.ones(6, 8, dtype=torch.bool))
    assert float(method([view], torch.Generator()).total.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)


def test_unlabelled_samples_have_no_part(scans):
    method, view = made(scans).eval(), plain(scans, range(6))
    half = view.replace(labels=torch.where(torch.arange(6) < 3, view.labels, -1))
    alone = method([view.select(torch.arange(3))], torch.Generator()).total.detach()
    assert float(method([half], torch.Generator()).total.detach()) == pytest.approx(float(alone), rel=1e-5)
    assert method([view.replace(labels=torch.full((6,), -1))], torch.Generator()).total == 0


def test_what_it_learned_can_be_read(scans):
    method = made(scans, transcripts=["ab", "b", "ca", "c", "abc", "cb", "a", "ba", "bc", "cab"])
    optimiser = torch.optim.AdamW(method.parameters(), lr=5e-3)
    for step in range(150):
        generator = torch.Generator().manual_seed(step)
        method.update([plain(scans, torch.randperm(1500, generator=generator)[:64])], optimiser, generator)
    view = plain(scans, range(1500, 1600))
    true = [method.transcripts[label] for label in view.labels.tolist()]
    rates = [error_rate(method.eval().read(view, beam), true) for beam in (0, 8)]
    assert max(rates) < 0.35
    untrained = made(scans, transcripts=method.transcripts).eval()
    assert error_rate(untrained.read(view), true) > 0.7


@pytest.mark.parametrize("transcripts", [None, [], ["a", ""]])
def test_nothing_to_read_is_refused(scans, transcripts):
    with pytest.raises(RecipeError, match="transcripts"):
        made(scans, transcripts=transcripts)


def test_a_label_without_a_transcript_is_refused(scans):
    view = plain(scans, range(10))
    with pytest.raises(RecipeError, match="there are 3 transcripts"):
        made(scans, transcripts=["a", "b", "c"])([view], torch.Generator())
