"""Masked modelling: part of a sample is hidden, and the rest must tell what it was."""
