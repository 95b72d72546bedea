"""Graph networks: what a node is does not depend on its number, on padding or on other graphs; hidden nodes are not seen."""

from __future__ import annotations

import pytest
import torch

from selflearn import networks
from selflearn.data.graphs.batch import GraphBatch
from selflearn.data.graphs.spec import GraphSpec
from selflearn.errors import RecipeError
from selflearn.networks import TokenMask, borrow
from selflearn.views import made_up

pytest.importorskip("torch_geometric")
GRAPHS = GraphSpec(level="graph", features=5, mean=(0.0,) * 5, std=(1.0,) * 5, longest=12)
NODES = GRAPHS.model_copy(update={"level": "node"})
NAMES = ["gcn", "gat", "gin", "sage"]


def graphs(spec: GraphSpec = GRAPHS, samples: int = 6) -> GraphBatch:
    raw = made_up(spec, samples)
    return raw.replace(values=torch.randn(raw.values.shape, generator=torch.Generator().manual_seed(3)))


def made(name: str, spec: GraphSpec = GRAPHS, **options) -> networks.Encoder:
    torch.manual_seed(0)
    return networks.build(spec, name, width=16, **options).eval()


@pytest.mark.parametrize("name", NAMES)
def test_a_graph_is_the_same_whatever_the_order_of_its_nodes_and_beside_whatever_others(name):
    encoder, batch = made(name), graphs()
    whole = encoder(batch).pooled
    assert whole.shape == (6, encoder.dim)
    alone = encoder(batch.select(torch.tensor([4]))).pooled
    assert torch.allclose(alone[0], whole[4], atol=1e-5)
    one = batch.select(torch.tensor([4]))
    order = torch.randperm(one.nodes, generator=torch.Generator().manual_seed(1))
    turned = one.replace(values=one.values[order], pairs=order.argsort()[one.pairs])
    assert torch.allclose(encoder(turned).pooled, alone, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_node_is_seen_with_what_lies_within_its_layers_and_no_further(name):
    encoder, batch = made(name, NODES, depth=2), graphs(NODES, 12)
    before = encoder(batch).pooled
    changed = batch.replace(values=batch.values.clone())
    changed.values[0] += 1
    moved = (encoder(changed).pooled - before).abs().sum(1) > 1e-6
    assert moved.nonzero().flatten().tolist() == [0, 1, 2, 10, 11], "the nodes of a ring within two steps of the first"


def test_the_sparse_product_is_the_dense_one():
    words = NODES.model_copy(update={"unit": True})
    sparse, dense = made("gcn", words), made("gcn", NODES)
    dense.load_state_dict(sparse.state_dict())
    batch = graphs(NODES, 12)
    batch.values = batch.values * (batch.values > 0.5)
    batch.values[3] = 0
    assert torch.allclose(sparse(batch).pooled, dense(batch).pooled, atol=1e-5)


@pytest.mark.parametrize("spec", [GRAPHS, NODES], ids=["graph", "node"])
def test_hidden_nodes_are_not_seen_and_their_tokens_are_restored(spec):
    encoder, batch = made("gat", spec), graphs(spec)
    real = encoder.token_real(batch)
    hidden = torch.zeros_like(real)
    hidden[:, 2] = True
    mask = TokenMask(hidden, how="replace")
    other = batch.replace(values=torch.where(batch.unpad(hidden)[:, None], 9.0, batch.values))
    features = encoder(batch, mask)
    assert torch.equal(features.tokens, encoder(other, mask).tokens)
    assert features.tokens.shape[:2] == real.shape
    told = encoder.decoder(16, 1, 1)(features.tokens, mask, batch)
    assert told.shape == (*real.shape, 5)
    assert (told[~hidden] == 0).all()
    assert (told[hidden] != 0).all()


def test_the_decoder_hides_again_so_that_a_node_is_told_by_its_neighbours():
    encoder, batch = made("gcn", NODES), graphs(NODES, 12)
    hidden = torch.zeros(1, 12, dtype=torch.bool)
    hidden[:, 5] = True
    mask = TokenMask(hidden, how="replace")
    tokens = encoder(batch, mask).tokens.detach().requires_grad_()
    encoder.decoder(16, 1, 1)(tokens, mask, batch)[0, 5].sum().backward()
    assert tokens.grad.abs().sum(2)[0].nonzero().flatten().tolist() == [4, 6]


@pytest.mark.parametrize("name", NAMES)
def test_the_decoder_computes_what_counts_and_the_rest_would_change_nothing(name):
    encoder, batch = made(name), graphs()
    mask = TokenMask(encoder.token_real(batch), how="replace")
    mask.hidden[:, 1::3] = False
    tokens, hidden = encoder(batch, mask).tokens, batch.unpad(mask.hidden)
    decoder = encoder.decoder(16, 2, 2).eval()
    nodes = decoder.embed(batch.unpad(tokens)) * ~hidden[:, None]
    for layer in decoder.layers:
        nodes = layer(nodes, batch.edges)
        nodes = decoder.activations[0](nodes) if layer is decoder.layers[0] else nodes
    whole = decoder.predict(nodes) * hidden[:, None]
    assert torch.allclose(batch.unpad(decoder(tokens, mask, batch)), whole, atol=1e-5)


def test_the_decoder_leaves_out_as_much_as_its_encoder_and_only_while_training():
    encoder, batch = made("gat", dropout=0.5), graphs()
    mask = TokenMask(encoder.token_real(batch), how="replace")
    mask.hidden[:, 1::2] = False
    tokens = torch.randn(*mask.hidden.shape, 16, generator=torch.Generator().manual_seed(0))
    decoder = encoder.decoder(16, 1, 1)
    torch.manual_seed(0)
    assert not torch.equal(decoder(tokens, mask, batch), decoder(tokens, mask, batch))
    decoder.eval()
    assert torch.equal(decoder(tokens, mask, batch), decoder(tokens, mask, batch))


def test_borrowed_tokens_show_another_node_of_their_own_graph():
    encoder, batch = made("gcn"), graphs()
    real = encoder.token_real(batch)
    hidden = torch.zeros_like(real)
    hidden[1, 3] = True
    borrowed = torch.full(real.shape, -1)
    borrowed[1, 3] = 7
    shown = encoder(batch, TokenMask(hidden, how="replace", borrowed=borrowed)).tokens
    values = batch.values.clone()
    values[12 + 3] = values[12 + 7]
    assert torch.allclose(shown, encoder(batch.replace(values=values)).tokens, atol=1e-6)


def test_only_hidden_tokens_borrow_and_from_real_ones():
    real = torch.arange(8) < torch.tensor([[8], [3]])
    hidden = real & (torch.arange(8) < 2)
    drawn = [borrow(hidden, real, 0.5, torch.Generator().manual_seed(seed)) for seed in range(200)]
    lenders = torch.stack(drawn)
    assert (lenders[:, ~hidden] == -1).all()
    assert lenders[:, 1].max() == 2
    assert ((lenders >= 0)[:, hidden].float().mean() - 0.5).abs() < 0.1


def test_pools_and_jumps_have_the_width_they_say():
    for pool in ("mean", "sum", "max"):
        encoder = made("gin", pool=pool, jump="last")
        assert encoder(graphs()).pooled.shape == (6, 16)
    encoder = made("gin", depth=3, jump="all")
    assert encoder(graphs()).tokens.shape[2] == encoder.dim == 48
    assert "layers" not in encoder.capabilities
    assert len(made("gcn", depth=3)(graphs(), layers=True).layers) == 3


def test_encoders_are_stored_and_come_back_bit_for_bit(tmp_path):
    for name in NAMES:
        encoder = made(name)
        networks.save_encoder(encoder, tmp_path / name)
        assert torch.equal(networks.load_encoder(tmp_path / name)(graphs()).pooled, encoder(graphs()).pooled)


def test_what_cannot_be_is_refused():
    with pytest.raises(RecipeError, match="multiple of heads"):
        networks.build(GRAPHS, "gat", width=10, heads=4)
    with pytest.raises(RecipeError, match="replace"):
        made("gcn")(graphs(), TokenMask(torch.zeros(6, 12, dtype=torch.bool), how="drop"))
    with pytest.raises(RecipeError, match="does not fit"):
        made("gcn")(graphs(), TokenMask(torch.zeros(6, 5, dtype=torch.bool), how="replace"))
