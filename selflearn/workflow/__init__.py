"""What everything below calls: learn, resume, load, embed, evaluate, fill in."""

from selflearn.workflow.filling import fill_in, fill_in_file
from selflearn.workflow.learning import learn, resume
from selflearn.workflow.parts import embed_in_parts
from selflearn.workflow.reporter import Reporter
from selflearn.workflow.run import Run, load
from selflearn.workflow.segmenting import segment
from selflearn.workflow.using import embed_to_file, evaluate

__all__ = [
    "Reporter",
    "Run",
    "embed_in_parts",
    "embed_to_file",
    "evaluate",
    "fill_in",
    "fill_in_file",
    "learn",
    "load",
    "resume",
    "segment",
]
