"""Methods whose target is a label that somebody gave."""
