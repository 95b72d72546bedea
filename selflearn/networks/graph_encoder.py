"""Graph networks: nodes are tokens, edges carry messages, and a graph is what its nodes are together."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from selflearn.data.batch import Batch
from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.spec import GraphSpec
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.networks.features import Features, TokenContent, TokenMask
from selflearn.networks.graph_decoder import GraphDecoder
from selflearn.networks.graph_layers import Body, Messages, NodeEmbedding, Norm, norm_of

Pool = Literal["mean", "sum", "max"]


class GraphEncoder(Encoder):
    """An embedding of each node's features, then layers of messages, each with norm and PReLU.

    The samples are nodes (`pooled` are the vectors of the seeds; all nodes of the batch are one row of tokens) or graphs (`pooled`
    are their nodes' vectors together; each graph is a row of tokens, padded). Computed in float32: sums over hundreds of
    neighbours are not for half precision.

    Parameters
    ----------
    spec : of the graphs.
    body : the kind of layer.
    width, depth : of each layer, and how many.
    heads, attention_dropout : of attention.
    dropout : of what goes into each layer.
    norm : after each layer.
    pool : how the nodes of a graph are put together.
    jump : "last": the last layer is the answer; "all": the layers side by side.
    activated : whether norm and PReLU follow the last layer too.
    """

    spec: GraphSpec

    def __init__(
        self,
        spec: GraphSpec,
        body: Body,
        width: int,
        depth: int,
        heads: int,
        dropout: float,
        attention_dropout: float,
        norm: Norm,
        pool: Pool,
        jump: Literal["last", "all"],
        activated: bool,
    ) -> None:
        super().__init__()
        if body == "gat" and width % heads:
            raise RecipeError(f"width = {width} of the encoder gat must be a multiple of heads = {heads}")
        self.spec, self.body, self.pool, self.jump, self.heads = spec, body, pool, jump, heads
        self.dropout, self.attention_dropout = dropout, attention_dropout
        self.dim = width * depth if jump == "all" else width
        self.settings = dict(width=width, depth=depth, dropout=dropout, norm=norm, pool=pool, jump=jump, activated=activated)
        if body == "gat":
            self.settings |= dict(heads=heads, attention_dropout=attention_dropout)
        able = {"tokens", "mask-replace", "mask-borrow", "mask-show", "any-size"}
        self.capabilities = frozenset(able | {"layers"} if jump == "last" else able)
        self.embed = NodeEmbedding(spec.features, width, sparse=spec.unit)
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, width))
        # The embedding is the first layer's own linear map: it is apart so that words that are not there cost nothing.
        self.layers = nn.ModuleList(
            Messages(body, width, width, heads, attention_dropout, mapped=number > 0) for number in range(depth)
        )
        followed = depth if activated else depth - 1
        self.norms = nn.ModuleList(norm_of(norm if number < followed else "none", width) for number in range(depth))
        self.activations = nn.ModuleList(nn.PReLU() if number < followed else nn.Identity() for number in range(depth))

    def forward(self, batch: Batch, mask: TokenMask | None = None, layers: bool = False) -> Features:
        graphs = _graphs(batch)
        with torch.autocast(graphs.device.type, enabled=False):
            nodes = self._embed(graphs, mask)
            edges, weights = graphs.edges, graphs.edge_weights
            outputs = []
            for number, (layer, norm, activation) in enumerate(zip(self.layers, self.norms, self.activations, strict=True)):
                if number:
                    nodes = nn.functional.dropout(nodes, self.dropout, self.training)
                nodes = activation(norm(layer(nodes, edges, weights)))
                outputs.append(nodes)
            nodes = torch.cat(outputs, dim=1) if self.jump == "all" else nodes
            real = None if graphs.owner is None else graphs.real()
            shown = tuple(graphs.pad(each) for each in outputs) if layers else ()
            return Features(self._pooled(graphs, nodes), graphs.pad(nodes), shown, real)

    def token_grid(self) -> tuple[int, ...]:
        return (self.spec.longest,)

    def token_real(self, batch: Batch) -> Tensor:
        """(rows, nodes) bool: one row a graph; a single one at node level."""
        return _graphs(batch).real()

    def token_content(self, batch: Batch) -> TokenContent:
        """The features of the nodes."""
        graphs = _graphs(batch)
        return TokenContent(graphs.pad(graphs.values))

    def content_size(self) -> tuple[int, int]:
        return self.spec.features, 0

    def decoder(self, width: int, depth: int, heads: int) -> nn.Module:
        """A graph network of the same kind and with the same dropout, from which hidden nodes are hidden a second time."""
        out, dropouts = self.spec.features, (self.dropout, self.attention_dropout)
        return GraphDecoder(self.dim, width, depth, heads, out, self.body, *dropouts)

    def _embed(self, graphs: GraphBatch, mask: TokenMask | None) -> Tensor:
        values = graphs.values.to(self.embed.weight.dtype)
        if mask is None:
            # The mask token takes part with weight zero, so that distributed training finds every parameter used.
            return self.embed(values, self.dropout) + 0.0 * self.mask_token
        if mask.how == "show" and mask.shown is not None:
            return self.embed(graphs.unpad(mask.shown).to(values.dtype), self.dropout) + 0.0 * self.mask_token
        if mask.how != "replace":
            raise RecipeError(f"how = {mask.how!r} of a token mask: graphs replace or show what a hidden node is")
        if mask.hidden.shape != graphs.real().shape:
            raise RecipeError(
                f"a token mask of shape {tuple(mask.hidden.shape)} does not fit nodes of shape {tuple(graphs.real().shape)}"
            )
        shown, source = ~graphs.unpad(mask.hidden), torch.arange(graphs.nodes, device=graphs.device)
        if mask.borrowed is not None:
            lender = self._lenders(graphs, mask.borrowed)
            shown, source = shown | (lender >= 0), torch.where(lender >= 0, lender, source)
        # Only what is shown is embedded: of a large graph the features of hidden nodes are most of the work.
        rows = shown.nonzero()[:, 0]
        embedded = self.embed(values.index_select(0, source[rows]), self.dropout)
        return self.mask_token.expand(graphs.nodes, -1).index_copy(0, rows, embedded)

    def _lenders(self, graphs: GraphBatch, borrowed: Tensor) -> Tensor:
        """(nodes,) the node whose features each shows, -1 for its own or none; `borrowed` counts within rows."""
        lender = graphs.unpad(borrowed)
        _, columns = graphs.places()
        start = torch.arange(graphs.nodes, device=graphs.device) - columns
        return torch.where(lender >= 0, start + lender, -1)

    def _pooled(self, graphs: GraphBatch, nodes: Tensor) -> Tensor:
        if graphs.owner is None:
            return nodes if graphs.seeds is None else nodes[graphs.seeds]
        if self.pool == "max":
            lowest = nodes.new_full((len(graphs), nodes.shape[1]), -torch.inf)
            highest = lowest.scatter_reduce(0, graphs.owner[:, None].expand_as(nodes), nodes, "amax")
            return torch.where(highest.isfinite(), highest, 0.0)
        total = nodes.new_zeros((len(graphs), nodes.shape[1])).index_add(0, graphs.owner, nodes)
        return total if self.pool == "sum" else total / graphs.sizes.clamp(min=1)[:, None]


def _graphs(batch: Batch) -> GraphBatch:
    if not isinstance(batch, GraphBatch):
        raise RecipeError(f"a graph network reads graphs, not a {type(batch).__name__}")
    return batch
