"""Checkpoints: damaged ones are passed over, a full disk is counted, and nothing in them can run."""

import pickle

import pytest
import torch

from selflearn.errors import RunError
from selflearn.training.checkpoint import Checkpoints


@pytest.fixture
def checkpoints(tmp_path):
    return Checkpoints(tmp_path / "checkpoints")


def test_the_newest_comes_back_and_two_are_kept(checkpoints):
    assert checkpoints.load() == (None, [])
    for step in (9, 10, 100):
        assert checkpoints.save({"weights": torch.full((3,), float(step)), "nested": {"steps": [step, None]}}, step)
    state, notes = checkpoints.load()
    assert torch.equal(state["weights"], torch.full((3,), 100.0))
    assert (state["nested"], notes) == ({"steps": [100, None]}, [])
    assert len(list(checkpoints.folder.iterdir())) == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_one_gives_way_to_the_one_before(checkpoints, damage):
    for step in (1, 2):
        checkpoints.save({"step": step}, step)
    newest = max(checkpoints.folder.glob("*.pt"))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes({"cut": bytes(content[:-40]), "flipped": bytes(content), "empty": b""}[damage])
    state, notes = checkpoints.load()
    assert state == {"step": 1}
    assert notes == ["checkpoint 2 is damaged; an earlier one is used"]


def test_a_damaged_one_does_not_stay_in_the_place_of_a_good_one(checkpoints):
    for step in (10, 20):
        checkpoints.save({"step": step}, step)
    max(checkpoints.folder.glob("*.pt")).write_bytes(b"")
    assert checkpoints.load()[0] == {"step": 10}
    for step in (12, 14):
        checkpoints.save({"step": step}, step)
    max(checkpoints.folder.glob("*.pt")).write_bytes(b"")
    assert checkpoints.load()[0] == {"step": 12}


def test_what_a_killed_process_half_wrote_is_removed_when_it_is_resumed(checkpoints):
    checkpoints.save({"step": 1}, 1)
    (checkpoints.folder / ".writing-1").write_bytes(b"half")
    checkpoints.load()
    assert [each.suffix for each in checkpoints.folder.iterdir()] == [".pt"]


def test_another_methods_checkpoint_of_the_same_shapes_is_refused(checkpoints):
    Checkpoints(checkpoints.folder, "SimCLR").save({"step": 1}, 1)
    assert Checkpoints(checkpoints.folder, "SimCLR").load() == ({"step": 1}, [])
    with pytest.raises(RunError, match="is a checkpoint of SimCLR, and BYOL is to be trained"):
        Checkpoints(checkpoints.folder, "BYOL").load()


def test_when_all_are_damaged_it_says_so(checkpoints):
    checkpoints.save({"step": 1}, 1)
    next(checkpoints.folder.glob("*.pt")).write_bytes(b"")
    with pytest.raises(RunError, match="every checkpoint"):
        checkpoints.load()


def test_a_full_disk_is_counted_and_the_last_good_one_stays(checkpoints, monkeypatch):
    checkpoints.save({"step": 1}, 1)

    def full(state, file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    assert not checkpoints.save({"step": 2}, 2)
    assert checkpoints.failures == 1
    assert checkpoints.load()[0] == {"step": 1}
    assert not list(checkpoints.folder.glob(".writing-*"))


class Evil:
    def __reduce__(self):
        return (print, ("a checkpoint ran code",))


def test_a_strangers_checkpoint_cannot_run_code(checkpoints, capsys):
    checkpoints.save({"step": Evil()}, 1)
    with pytest.raises((RunError, pickle.UnpicklingError)):
        checkpoints.load()
    assert "ran code" not in capsys.readouterr().out


def test_clear_removes_everything(checkpoints):
    checkpoints.save({"step": 1}, 1)
    (checkpoints.folder / ".writing-1").write_bytes(b"half")
    checkpoints.clear()
    assert not list(checkpoints.folder.iterdir())
