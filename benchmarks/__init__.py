"""Measurements: each module is a command that prints its figures and keeps them in benchmarks/results."""
