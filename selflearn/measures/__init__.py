"""Measures: pure functions from arrays to numbers, and the `Verdict` that is drawn from them."""

from selflearn.measures.verdict import Verdict

__all__ = ["Verdict"]
