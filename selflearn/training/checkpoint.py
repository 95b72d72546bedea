"""Checkpoints: a resumable state in one file whose name holds its SHA-256. Written beside and renamed; the last two are kept."""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path
from typing import Any

import torch

from selflearn.errors import RunError
from selflearn.training.folder import flush

KEPT = 2  # the newest, and the one before it in case the newest turns out damaged


class Checkpoints:
    """The checkpoints of one stage.

    Parameters
    ----------
    folder : where they lie; made when the first is written.
    of : the method that they are of; another one's are refused, be they of the same shapes. Empty where it is not known.

    Attributes
    ----------
    failures : how many could not be written.
    """

    def __init__(self, folder: Path, of: str = "") -> None:
        self.folder, self.of = folder, of
        self.failures = 0

    def save(self, state: dict[str, Any], step: int) -> bool:
        """Write a checkpoint; whether it could be. A full disk is no reason to stop learning: it is counted.

        Parameters
        ----------
        state : tensors and plain values, nested in dicts and lists: what loads with weights only.
        step : updates so far.
        """
        beside = self.folder / f".writing-{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                torch.save({**state, "of": self.of}, file)
            flush(beside)
            beside.replace(self.folder / f"{step:010d}-{_digest(beside)}.pt")
            flush(self.folder)
        except (OSError, RuntimeError):  # torch reports a failed write as either
            self.failures += 1
            return False
        finally:
            _remove(beside)
        files = self._files()
        later = [each for each in files if each.name[:10] > f"{step:010d}"]  # damaged: else learning had gone on from there
        for old in [*later, *files[len(later) + KEPT :]]:
            _remove(old)
        return True

    def load(self) -> tuple[dict[str, Any] | None, list[str]]:
        """The newest checkpoint that is whole, or None; and notes on those that are not. What killed processes half wrote goes.

        Raises
        ------
        RunError : there are checkpoints, but none is whole; or they are of another method.
        """
        for half in self.folder.glob(".writing-*"):
            _remove(half)
        notes: list[str] = []
        files = self._files()
        for file in files:
            state = _read(file)
            if state is not None:
                made = state.pop("of", "")
                if made and self.of and made != self.of:
                    raise RunError(f"{file} is a checkpoint of {made}, and {self.of} is to be trained: put its own back")
                return state, notes
            notes.append(f"checkpoint {file.name[:10].lstrip('0') or '0'} is damaged; an earlier one is used")
        if files:
            raise RunError(f"every checkpoint in {self.folder} is damaged; start a new run")
        return None, notes

    def clear(self) -> None:
        """Remove every checkpoint, and what killed processes left half written."""
        for file in [*self._files(), *self.folder.glob(".writing-*")]:
            _remove(file)

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*-*.pt"), reverse=True)


def _read(file: Path) -> dict[str, Any] | None:
    """The state in a file, or None where it is damaged."""
    try:
        if _digest(file) != file.stem.split("-", 1)[1]:
            return None
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError):
        return None
    return state if isinstance(state, dict) else None


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
