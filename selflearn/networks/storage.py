"""An encoder on disk: weights as safetensors, what rebuilds them as JSON, both with checksums. Nothing is executed."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from selflearn.data import spec_from_json, spec_to_json
from selflearn.errors import RecipeError, RunError
from selflearn.networks.encoder import Encoder
from selflearn.networks.kinds import build

FORMAT = 1
WEIGHTS, DESCRIPTION = "encoder.safetensors", "encoder.json"


def save_encoder(encoder: Encoder, folder: str | Path) -> None:
    """Write `encoder.safetensors` and `encoder.json` into `folder` (made if missing).

    Both are written beside their places and then renamed, so a reader never meets half a file; the checksum in the JSON
    tells weights and description of two different writings apart.

    Raises
    ------
    RunError : the disk is full or the folder cannot be written; what was there before is untouched.
    """
    folder = Path(folder)
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in encoder.state_dict().items()}
    weights = folder / f".{WEIGHTS}.{os.getpid()}"
    description = folder / f".{DESCRIPTION}.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(tensors, weights)
        content = {
            "format": FORMAT,
            "kind": encoder.spec.kind,
            "spec": spec_to_json(encoder.spec),
            "settings": encoder.settings,
            "sha256": _sha256(weights),
        }
        content["seal"] = _seal(content)
        description.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        weights.replace(folder / WEIGHTS)
        description.replace(folder / DESCRIPTION)
    except (OSError, SafetensorError) as error:  # safetensors reports a failed write as its own
        raise RunError(f"cannot write the encoder to {folder}: {error}. Free some space or choose another place") from error
    finally:
        weights.unlink(missing_ok=True)
        description.unlink(missing_ok=True)


def load_encoder(folder: str | Path) -> Encoder:
    """The encoder saved in `folder`, bit for bit, in eval mode, on the CPU.

    Raises
    ------
    RunError : the files are missing, damaged, of another format version, or not an encoder's.
    """
    folder = Path(folder)
    content = _description(folder)
    weights = folder / WEIGHTS
    if not weights.is_file():
        raise RunError(f"{weights} is missing; copy the whole folder again, or run the learning again")
    if _sha256(weights) != content["sha256"]:
        raise RunError(
            f"{weights} is damaged or not the file that {DESCRIPTION} describes; copy both again, or run the learning again"
        )
    try:
        with torch.random.fork_rng(devices=[]):
            encoder = build(spec_from_json(content["spec"]), **content["settings"])
        encoder.load_state_dict(load_file(weights))
    except (RecipeError, SafetensorError, RuntimeError, TypeError, ValueError) as error:
        raise RunError(f"{folder} does not hold an encoder that this version of selflearn can rebuild: {error}") from error
    return encoder.eval()


def _description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    if not path.is_file():
        raise RunError(f"no encoder in {folder}: {DESCRIPTION} is missing; is this the folder of a finished run?")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise RunError(f"{path} is damaged ({error}); copy it again, or run the learning again") from error
    needed = {"format": int, "spec": dict, "settings": dict, "sha256": str}
    if not isinstance(content, dict) or any(not isinstance(content.get(key), kind) for key, kind in needed.items()):
        raise RunError(f"{path} is not the description of an encoder: it needs {', '.join(needed)}")
    if content["format"] != FORMAT:
        raise RunError(
            f"{path} has format {content['format']}, this version of selflearn reads {FORMAT}: use the version that wrote it"
        )
    if "seal" in content and content["seal"] != _seal(content):  # encoders of before had none
        raise RunError(f"{path} is not as it was written: it does not match its own seal; copy it again, or run the learning again")
    name, source = content["settings"].get("name"), content["settings"].get("source")
    if not isinstance(name, str) or ":" in name or isinstance(source, str):
        raise RunError(f"{path} names something outside its folder ({source or name!r}), and a saved encoder never does")
    return content


def _seal(content: dict[str, Any]) -> str:
    """A checksum of a description, so that a changed number in it is noticed as one in the weights is."""
    plain = json.dumps({name: value for name, value in content.items() if name != "seal"}, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
