"""The decoder of graphs: from what an encoder says of nodes to the features of those that were hidden."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.graphs.batch import GraphBatch
from selflearn.errors import RecipeError
from selflearn.networks.features import TokenMask
from selflearn.networks.graph_layers import Body, Messages


class GraphDecoder(nn.Module):
    """Nodes that were hidden are hidden again (set to 0) before messages are passed, so that each is restored from its neighbours.

    Hou et al., "GraphMAE: Self-Supervised Masked Graph Autoencoders", 2022, whose decoder is one layer of this kind: a linear map,
    the second mask, messages, and a linear map to the features. (A layer's own map comes after its messages here, which is the
    same function and need only be computed for hidden nodes.)

    Parameters
    ----------
    dim : length of the encoder's tokens.
    width, depth, heads : of the decoder's layers; attention has one head in the last, and `heads` before it.
    out : numbers to predict for each node.
    body : the kind of layer.
    dropout : of what goes into each layer, while training.
    attention_dropout : of attention.
    """

    def __init__(
        self,
        dim: int,
        width: int,
        depth: int,
        heads: int,
        out: int,
        body: Body,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.embed = nn.Linear(dim, width, bias=False)
        self.layers = nn.ModuleList(
            Messages(body, width, width, 1 if number == depth - 1 else heads, attention_dropout, mapped=number < depth - 1)
            for number in range(depth)
        )
        self.activations = nn.ModuleList(nn.PReLU() for _ in range(depth - 1))
        self.predict = nn.Linear(width, out)
        for layer in (self.embed, self.predict):
            nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(self.predict.bias)

    def forward(self, tokens: Tensor, mask: TokenMask, batch: Batch | None = None) -> Tensor:
        """The encoder's tokens (rows, nodes, dim) and its mask to (rows, nodes, out), which is 0 for nodes that were visible."""
        if not isinstance(batch, GraphBatch):
            raise RecipeError("the decoder of graphs needs the batch whose nodes it restores")
        with torch.autocast(tokens.device.type, enabled=False):
            hidden = batch.unpad(mask.hidden)
            # Only what counts is computed: maps of visible nodes, and last messages to hidden ones.
            seen, edges, weights = (~hidden).nonzero()[:, 0], batch.edges, batch.edge_weights
            shown = nn.functional.dropout(
                self.embed(batch.unpad(tokens).float().index_select(0, seen)), self.dropout, self.training
            )
            nodes = shown.new_zeros((batch.nodes, shown.shape[1])).index_copy(0, seen, shown)
            for number, layer in enumerate(self.layers):
                last = number == len(self.layers) - 1
                if number:
                    nodes = nn.functional.dropout(nodes, self.dropout, self.training)
                nodes = layer(nodes, *(_towards(hidden, edges, weights) if last and layer.by_target else (edges, weights)))
                if number < len(self.activations):
                    nodes = self.activations[number](nodes)
            told = nodes.new_zeros((batch.nodes, self.predict.out_features))
            rows = hidden.nonzero()[:, 0]
            return batch.pad(told.index_copy(0, rows, self.predict(nodes.index_select(0, rows))))


def _towards(nodes: Tensor, edges: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """The edges that lead to some nodes, and their weights."""
    kept = nodes[edges[1]]
    return edges[:, kept], None if weights is None else weights[kept]
