"""Devices and precisions: what is chosen is possible, and what is impossible is refused."""

import pytest
import torch

from selflearn.errors import RecipeError
from selflearn.training import choose_device, choose_precision, precision


def test_the_choice_follows_the_hardware(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    monkeypatch.setattr(precision, "faster", lambda processor: True)
    assert choose_precision("cpu").precision == "bf16"
    monkeypatch.setattr(precision, "faster", lambda processor: False)
    assert choose_precision("cpu").precision == "32"
    assert "no faster" in choose_precision("cpu").reason
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    choice = choose_precision("cpu")
    assert (choice.precision, choice.dtype) == ("32", None)
    assert "slowly" in choose_precision("cpu", "bf16").reason


def test_the_impossible_is_refused():
    with pytest.raises(RecipeError, match="not a precision"):
        choose_precision("cpu", "8")
    with pytest.raises(RecipeError, match="CUDA"):
        choose_precision("cpu", "16")
    with pytest.raises(RecipeError, match="no device 'cuda:99'"):
        choose_device("cuda:99")
    with pytest.raises(RecipeError, match="not a device"):
        choose_device("toaster")
