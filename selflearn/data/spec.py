"""A spec: what views and encoders must know of a data set, small enough to travel with the encoder as JSON."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Spec(BaseModel):
    """Base of every kind's spec. `kind` names the kind of data and is stored with every encoder.

    Subclasses add the fields of their kind, e.g. channels and value range of images, means and deviations of columns.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str]

    @property
    def form(self) -> str:
        """What of its kind the data is, in a word that the choice of a recipe may ask for; empty where that makes no difference."""
        return ""

    def describe(self) -> str:
        """What the samples are, in a few words for a person."""
        return f"{self.kind} data"
