"""What views and encoders must know of a data set of graphs."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from selflearn.data.spec import Spec


class Attribute(BaseModel):
    """Where a feature of nodes comes from: the attribute `name`, of which it marks one `word` or holds one `entry` of an array."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    word: str | None = None
    entry: int | None = None


class GraphSpec(Spec):
    """Nodes with features, and edges between them.

    Attributes
    ----------
    level : "node": a sample is a node of one graph; "graph": a sample is a graph.
    features : how many numbers a node has.
    origin : where they come from: "given" by the source, "tags" (one number for each kind of node), "degree" (one for each number
        of neighbours), or "given and tags".
    attributes : where the given features come from, one each, where the source names them; else they are known by their place.
    tags : the kinds of nodes, in the order of their columns, where there are any; they are the last columns.
    mean, std : of each feature; 0 and 1 for features of 0 and 1 alone, 1 for a constant one.
    unit : whether the features of a node are brought to length 1 (bags of words).
    longest : the most nodes of a graph; of the one graph at node level.
    hops, fanout : of node level, how far around a node a batch reaches and how many neighbours of each node it takes; a fanout of 0
        takes all of the graph.
    """

    kind: ClassVar[str] = "graph"
    level: Literal["node", "graph"]
    features: int = Field(ge=1)
    origin: Literal["given", "tags", "degree", "given and tags"] = "given"
    attributes: tuple[Attribute, ...] = ()
    tags: tuple[str, ...] = ()
    mean: tuple[float, ...]
    std: tuple[float, ...]
    unit: bool = False
    longest: int = Field(default=1, ge=1)
    hops: int = Field(default=2, ge=1)
    fanout: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _agree(self) -> GraphSpec:
        if not self.features == len(self.mean) == len(self.std) or min(self.std) <= 0:
            raise ValueError("graphs need one mean and one deviation above 0 for each feature")
        return self

    @property
    def indicators(self) -> bool:
        """Whether features are 0 and 1 alone, so that none has a mean or a deviation of its own."""
        return not any(self.mean) and set(self.std) == {1.0}

    @property
    def form(self) -> str:
        """The level: what is best for the nodes of one graph is not for graphs that are samples."""
        return self.level

    def describe(self) -> str:
        """E.g. "nodes of one graph, with 1,433 features each"."""
        what = "nodes of one graph" if self.level == "node" else "graphs"
        nodes = "" if self.level == "node" else " of a node"
        said = {
            "given": "",
            "tags": " (its kind)",
            "degree": " (its number of neighbours)",
            "given and tags": " (its kind among them)",
        }
        return f"{what}, with {self.features:,} feature{'s' if self.features > 1 else ''}{nodes}{said[self.origin]}"
