"""Whether bfloat16 is worth while is measured once a machine, and remembered."""

import json

import torch

from selflearn.training import bfloat16


def test_what_was_measured_is_kept_and_asked_first(tmp_path, monkeypatch):
    monkeypatch.setattr(bfloat16, "gain", lambda: 2.5)
    assert bfloat16.faster("a processor", tmp_path / "new")
    [(machine, gain)] = json.loads((tmp_path / "new" / "bfloat16.json").read_text()).items()
    assert machine.startswith("a processor, ") and gain == 2.5
    (tmp_path / "bfloat16.json").write_text(json.dumps({machine: 0.6}))
    assert not bfloat16.faster("a processor", tmp_path)


def test_a_torn_file_is_measured_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(bfloat16, "gain", lambda: 0.9)
    (tmp_path / "bfloat16.json").write_text('{"a processor, ')
    assert not bfloat16.faster("a processor", tmp_path)
    assert len(json.loads((tmp_path / "bfloat16.json").read_text())) == 1


def test_measuring_draws_no_random_numbers_of_others():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    assert bfloat16.gain() > 0
    assert torch.equal(before, torch.random.get_rng_state())
