"""Experiments, one file a family. Each is stated and committed before it is first measured."""
