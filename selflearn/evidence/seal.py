"""The seal of a result: a hash over its content, which any later change breaks."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from selflearn.errors import RunError


def digest(content: Any) -> str:
    """sha256 over canonical JSON: sorted keys, no spaces, ASCII, no NaN."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def seal(content: dict[str, Any]) -> dict[str, Any]:
    """The content with its `seal`: the digest of everything else."""
    bare = {key: value for key, value in content.items() if key != "seal"}
    return {**bare, "seal": digest(bare)}


def check_seal(content: dict[str, Any], where: str = "this result") -> None:
    """Raise `RunError` if anything was changed since the content was sealed."""
    if content.get("seal") != seal(content)["seal"]:
        raise RunError(f"{where} was changed after it was measured (its seal is broken); run the experiment again")
