"""The one score by which candidates of a rung are compared."""

from __future__ import annotations

from collections.abc import Mapping


def score(found: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Candidate -> score."""
    return {name: values["self retrieval"] for name, values in found.items()}
