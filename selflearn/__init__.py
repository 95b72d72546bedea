"""selflearn learns from data that nobody labelled."""

__version__ = "0.1.0"
