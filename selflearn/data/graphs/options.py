"""How graphs are read: what a person may say of them (`--read key=value`)."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class GraphReading(BaseModel):
    """Reading options of graphs.

    Attributes
    ----------
    level : "node": a sample is a node; "graph": a sample is a graph; "auto": a graph where there are several, else a node.
    nodes : a CSV, Parquet, .npy or .npz file with the features of the nodes, for a source that holds edges alone.
    hops : of node level, how far around a node a batch reaches, where it does not take all of the graph.
    fanout : at most so many neighbours of each node are taken into a batch; 0 takes all of the graph. By default all of a small
        graph and 15 neighbours in a large one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    level: Literal["auto", "node", "graph"] = "auto"
    nodes: str | None = None
    hops: int = Field(default=2, ge=1, le=10)
    fanout: int | None = Field(default=None, ge=0, le=1000)
