"""Measures: pure functions from arrays to numbers, and the `Verdict` that is drawn from them."""
