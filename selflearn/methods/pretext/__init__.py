"""Pretext tasks: what the data tells of itself is asked, and learning to answer is the task."""
