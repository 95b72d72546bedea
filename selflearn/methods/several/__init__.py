"""Methods made of methods, around one encoder."""
