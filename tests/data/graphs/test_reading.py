"""Graphs from every source: the same graph comes out, whatever file it lay in; what cannot be one is refused or counted."""

from __future__ import annotations

import numpy as np
import pytest

from selflearn.data import graphs, read, recognise
from selflearn.data.graphs import archives
from selflearn.data.graphs.edges import clean
from selflearn.data.graphs.found import Found
from selflearn.data.headers import shapes_of
from selflearn.errors import DataError

NODES = 30


def ring(nodes: int = NODES) -> np.ndarray:
    return np.stack([np.arange(nodes), (np.arange(nodes) + 1) % nodes])


def features(nodes: int = NODES) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(nodes, 3)).astype(np.float32)


def write_tu(folder, graphs=10, size=5, shuffled=False):
    folder.mkdir()
    owner = np.repeat(np.arange(1, graphs + 1), size)
    ends = np.concatenate([ring(size) + start for start in range(0, graphs * size, size)], axis=1) + 1
    order = np.random.default_rng(1).permutation(graphs * size) if shuffled else np.arange(graphs * size)
    place = np.argsort(order) + 1
    ends = place[ends - 1]
    np.savetxt(folder / "T_A.txt", np.concatenate([ends, ends[::-1]], axis=1).T, fmt="%d", delimiter=", ")
    np.savetxt(folder / "T_graph_indicator.txt", owner[order], fmt="%d")
    np.savetxt(folder / "T_graph_labels.txt", np.arange(graphs) % 2 * 2 - 1, fmt="%d")
    np.savetxt(folder / "T_node_labels.txt", (np.arange(graphs * size) % 7 % 3)[order], fmt="%d")
    return folder


def test_an_archive_is_recognised_and_read_whatever_way_its_edges_stand(tmp_path):
    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    np.savez(first, edges=ring(), features=features(), labels=np.arange(NODES) % 2)
    both = np.concatenate([ring(), ring()[::-1]], axis=1)
    np.savez(second, edge_index=both.T, x=features(), y=np.arange(NODES) % 2)
    assert recognise(first).kind == recognise(second).kind == "graph"
    one, two = read(first), read(second)
    assert one.fingerprint == two.fingerprint
    assert one.pairs.shape == (2, NODES)
    assert one.spec.level == "node"
    assert one.labels.tolist() == [row % 2 for row in range(NODES)]


def test_sparse_matrices_of_an_archive_are_its_edges_and_features(tmp_path):
    from scipy.sparse import csr_matrix

    joined = csr_matrix((np.ones(NODES), ring()), shape=(NODES, NODES))
    told = csr_matrix((features() > 0.5).astype(np.float32))
    parts = {
        f"{name}_{part}": getattr(each, part)
        for name, each in (("adj", joined), ("attr", told))
        for part in ("data", "indices", "indptr")
    }
    np.savez(tmp_path / "s.npz", adj_shape=joined.shape, attr_shape=told.shape, **parts)
    dataset = read(tmp_path / "s.npz")
    assert len(dataset) == NODES
    assert np.array_equal(dataset.values.numpy(), told.toarray())


@pytest.mark.parametrize("shuffled", [False, True])
def test_the_tu_format_is_graphs_with_the_kinds_of_their_nodes(tmp_path, shuffled):
    dataset = read(write_tu(tmp_path / "T", shuffled=shuffled))
    assert dataset.spec.level == dataset.spec.form == "graph"
    assert dataset.spec.origin == "tags"
    assert len(dataset) == 10
    assert dataset.facts.classes == ["-1", "1"]
    assert dataset.labels.tolist() == [0, 1] * 5, "-1 is a class of these files, not an unknown one"
    batch = dataset.batch([3])
    assert batch.values.sum(1).tolist() == [1.0] * 5
    kinds = np.bincount((np.arange(50) % 7 % 3)[15:20], minlength=3)
    assert batch.values.sum(0).tolist() == kinds.tolist()
    assert batch.pairs.shape == (2, 5)


def test_a_level_can_be_asked_for(tmp_path):
    folder = write_tu(tmp_path / "T")
    nodes = read(folder, more={"level": "node"})
    assert len(nodes) == 50
    assert any("taken as one" in note for note in nodes.facts.notes)
    with pytest.raises(DataError, match="did you mean 'level'"):
        read(folder, more={"levle": "node"})


def test_tables_of_edges_find_the_table_of_nodes_beside_them(tmp_path):
    names = [f"n{row}" for row in range(NODES)]
    rows = "\n".join(f"{names[a]},{names[b]}" for a, b in ring().T)
    (tmp_path / "edges.csv").write_text("source,target\n" + rows + "\nn0,nobody\n")
    told = "\n".join(f"{name},{row / 7},{'red' if row % 3 else 'blue'},{'a' if row % 2 else 'b'}" for row, name in enumerate(names))
    (tmp_path / "nodes.csv").write_text("id,size,colour,label\n" + told + "\n")
    for source in (tmp_path, tmp_path / "edges.csv"):
        dataset = read(source)
        assert recognise(source).kind == "graph"
        assert dataset.facts.ids == names
        assert dataset.spec.features == 3  # the size, and one number a colour
        assert dataset.facts.classes == ["a", "b"]
        assert any("do not exist" in note for note in dataset.facts.notes)


def test_a_wide_table_with_a_from_and_a_to_is_no_graph(tmp_path):
    rows = "\n".join(f"{row},{row + 1},{row * 2},{row * 3},{row % 4},{row % 5},{row % 7}" for row in range(20))
    (tmp_path / "trips.csv").write_text("from,to,distance,price,seats,bags,day\n" + rows + "\n")
    assert graphs.recognise(tmp_path / "trips.csv") is None


def test_edges_alone_are_nodes_known_by_their_degree(tmp_path):
    star = "\n".join(f"hub {leaf}" for leaf in range(12))
    (tmp_path / "g.edgelist").write_text("# a star\n" + star + "\n0 1\n")
    dataset = read(tmp_path / "g.edgelist")
    assert dataset.spec.origin == "degree"
    hub = dataset.facts.ids.index("hub")
    assert int(dataset.values[hub].argmax()) == 12


def test_features_may_lie_in_an_array(tmp_path):
    np.save(tmp_path / "features.npy", features())
    np.savetxt(tmp_path / "g.edges", ring().T, fmt="%d")
    assert np.array_equal(read(tmp_path / "g.edges").values.numpy(), features())


def test_networkx_and_graphml_keep_attributes_and_labels(tmp_path):
    networkx = pytest.importorskip("networkx")
    graph = networkx.cycle_graph(12)
    for node in graph:
        graph.nodes[node].update(size=float(node), shape="round" if node % 2 else "square", label="ab"[node % 2])
    networkx.write_graphml(graph, tmp_path / "g.graphml")
    for source in (graph, tmp_path / "g.graphml"):
        dataset = read(source)
        assert recognise(source).certainty > 0.9
        assert dataset.spec.features == 3
        assert dataset.facts.classes == ["a", "b"]
    several = [networkx.path_graph(size) for size in range(3, 15)]
    for each in several:
        each.graph["label"] = len(each) % 2
    whole = read(several)
    assert whole.spec.level == "graph"
    assert whole.labels.tolist() == [size % 2 for size in range(3, 15)]


def test_data_of_pytorch_geometric_at_both_levels():
    data = pytest.importorskip("torch_geometric.data")
    import torch

    one = data.Data(x=torch.from_numpy(features()), edge_index=torch.from_numpy(ring()), y=torch.arange(NODES) % 3)
    nodes = read(one)
    assert nodes.spec.level == "node"
    assert len(nodes.facts.classes) == 3
    many = [
        data.Data(x=torch.rand(size, 2), edge_index=torch.from_numpy(ring(size)), y=torch.tensor([size % 2]))
        for size in range(3, 15)
    ]
    whole = read(many)
    assert whole.spec.level == "graph"
    assert whole.labels.tolist() == [size % 2 for size in range(3, 15)]
    many[2] = data.Data(edge_index=torch.from_numpy(ring(5)), y=torch.tensor([1]), num_nodes=5)
    with pytest.raises(DataError, match="equally many features"):
        read(many)


def test_edges_are_cleaned_and_what_went_is_counted():
    ends = np.array([[0, 1, 1, 2, 2, 9, 3], [1, 0, 0, 2, 3, 0, 4]])
    cleaned = clean(Found("it", 5, ends))
    assert cleaned.pairs.tolist() == [[0, 2, 3], [1, 3, 4]]
    said = " ".join(cleaned.notes)
    assert "1 of 7 edges lead to nodes that do not exist" in said
    assert "1 edges from a node to itself" in said
    assert "1 edges stood more than once" in said


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"edges": np.empty((2, 0), np.int64), "x": features()}, "no edges"),
        ({"edges": np.stack([np.arange(NODES)] * 2), "x": features()}, "from a node to itself"),
        ({"edges": ring() + 1000, "x": features()}, "do not exist"),
        ({"edges": ring(), "x": features(), "graph_indicator": np.zeros(4)}, "one row each"),
        ({"edges": ring(), "x": features(), "node_offsets": np.array([0, 40])}, "rise from 0"),
        ({"edges": ring(), "x": np.array([["a"]] * NODES)}, "must be numbers"),
        ({"edges": np.array([[0], [1]]), "x": features(2)}, "at least 8"),
        ({"edges": ring(), "x": np.ones((NODES, 2))}, "identical"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(tmp_path, arrays, says):
    np.savez(tmp_path / "g.npz", **arrays)
    with pytest.raises(DataError, match=says):
        read(tmp_path / "g.npz", kind="graph")


def test_gaps_are_filled_and_counted(tmp_path):
    broken = features()
    broken[3, 1], broken[4, 2] = np.nan, np.inf
    np.savez(tmp_path / "g.npz", edges=ring(), x=broken)
    dataset = read(tmp_path / "g.npz")
    assert np.isfinite(dataset.values.numpy()).all()
    assert any(note.startswith("2 missing or infinite") for note in dataset.facts.notes)


def test_pickles_and_damage_are_refused(tmp_path):
    np.savez(tmp_path / "p.npz", edges=np.array([{}, {}], dtype=object), x=features())
    (tmp_path / "t.npz").write_bytes((tmp_path / "p.npz").read_bytes()[:100])
    for name in ("p", "t"):
        with pytest.raises(DataError, match="pickled|damaged"):
            read(tmp_path / f"{name}.npz", kind="graph")
    assert archives.judge(shapes_of(tmp_path / "t.npz"))[0] == 0.0


def test_other_graphs_are_read_as_an_encoder_needs_them(tmp_path):
    like = read(write_tu(tmp_path / "T")).spec
    np.savez(tmp_path / "new.npz", edges=ring(4), node_tag=np.array([2, 0, 9, 1]))
    new = read(tmp_path / "new.npz", like=like)
    assert new.spec == like
    assert new.values.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert any("no known kind" in note for note in new.facts.notes)
    np.savez(tmp_path / "wide.npz", edges=ring(4), x=features(4), node_tag=np.arange(4))
    with pytest.raises(DataError, match="features of a node"):
        read(tmp_path / "wide.npz", like=like)


def molecule(elements: str, **known: object):
    networkx = pytest.importorskip("networkx")
    graph = networkx.cycle_graph(len(elements))
    for node, element in enumerate(elements):
        graph.nodes[node].update(element=element, mass=float(ord(element)), **known)
    return graph


def test_words_of_other_graphs_are_known_by_name_and_not_by_place():
    """Learned on C, N and O, an encoder sees nothing in sulphur, and oxygen is not taken for it."""
    learned = read([molecule("CNO"[: 2 + size % 2] * size) for size in range(2, 12)])
    assert learned.spec.features == 4
    other = read([molecule("CSC"), molecule("OOOO")], like=learned.spec)
    words = [each.word for each in learned.spec.attributes]
    values = other.batch([0, 1]).values
    assert values[:3, words.index("C")].tolist() == [1, 0, 1]
    assert values[1, [words.index(each) for each in "CNO"]].tolist() == [0, 0, 0]
    assert values[3:, words.index("O")].tolist() == [1] * 4
    assert any("1 nodes whose 'element' the encoder does not know, such as 'S'" in note for note in other.facts.notes)
    more = read([molecule("CO", charge=1.0)], like=learned.spec)
    assert any("does not read: charge" in note for note in more.facts.notes)


def test_what_other_nodes_lack_is_told_and_takes_the_mean_that_was_learned():
    networkx = pytest.importorskip("networkx")
    learned = read([molecule("CNO" * size) for size in range(2, 12)])
    bare = networkx.cycle_graph(4)
    with pytest.raises(DataError, match="reads 4 features of a node, such as element and mass, and the graph has none"):
        read(bare, like=learned.spec)
    for node in bare:
        bare.nodes[node]["element"] = "C"
    other = read(bare, like=learned.spec)
    place = [each.name for each in learned.spec.attributes].index("mass")
    assert other.batch([0]).values[0, place] == pytest.approx(learned.spec.mean[place], rel=1e-6)
    assert any("these nodes lack: mass" in note for note in other.facts.notes)


def test_graphs_without_features_are_no_graphs_of_as_many_neighbours(tmp_path):
    """The widths agree, for degrees were cut to as many columns as the encoder reads."""
    np.savez(tmp_path / "a.npz", edges=ring(), x=features())
    np.savez(tmp_path / "b.npz", edges=ring())
    with pytest.raises(DataError, match="reads 3 features of a node, and .* has none"):
        read(tmp_path / "b.npz", like=read(tmp_path / "a.npz").spec)


def test_one_damaged_file_and_an_empty_graph_of_many_are_skipped(tmp_path):
    networkx = pytest.importorskip("networkx")
    for size in range(3, 13):
        networkx.write_graphml(networkx.path_graph(size), tmp_path / f"m{size:02}.graphml")
    networkx.write_graphml(networkx.Graph(), tmp_path / "none.graphml")
    (tmp_path / "bad.graphml").write_text("<graphml")
    dataset = read(tmp_path)
    assert dataset.facts.ids == [f"m{size:02}" for size in range(3, 13)]
    assert dataset.offsets.tolist() == np.concatenate([[0], np.cumsum(np.arange(3, 13))]).tolist()
    assert sorted(each.what for each in dataset.facts.skipped) == ["bad.graphml", "none"]
    with pytest.raises(DataError, match="bad.graphml: it cannot be read"):
        read(tmp_path / "bad.graphml")


def test_labels_that_each_node_has_for_itself_are_names(tmp_path):
    networkx = pytest.importorskip("networkx")
    graph = networkx.relabel_nodes(networkx.cycle_graph(12), {node: f"gene {node}" for node in range(12)})
    networkx.write_gexf(graph, tmp_path / "g.gexf")
    dataset = read(tmp_path / "g.gexf", kind="graph", more={"level": "node"}, like=read(networkx.path_graph(12)).spec)
    assert dataset.facts.ids[:2] == ["gene 0", "gene 1"]
    assert dataset.facts.classes == []


def test_numbers_that_lie_far_apart_are_names_of_nodes(tmp_path):
    """2**40 nodes would take a terabyte, and their pairs would not fit 64 bits."""
    star = np.array([[2**40] * 9, [*range(7, 16)]])
    np.savez(tmp_path / "far.npz", edges=np.concatenate([star, [[7], [8]]], axis=1))
    dataset = read(tmp_path / "far.npz")
    assert dataset.facts.ids == [*map(str, range(7, 16)), str(2**40)]
    assert dataset.pairs.shape == (2, 10)


def test_data_without_edges_is_refused_and_not_stumbled_over():
    data = pytest.importorskip("torch_geometric.data")
    import torch

    with pytest.raises(DataError, match="graph 0: it has no edges"):
        read(data.Data(x=torch.rand(9, 2)))


def test_an_attribute_may_be_named_as_labels_or_groups_and_is_no_feature_then():
    networkx = pytest.importorskip("networkx")
    graph = networkx.cycle_graph(12)
    for node in graph:
        graph.nodes[node].update(size=float(node * node % 7), club="ab"[node % 2], site=node % 3)
    data = read(graph, labels="club", groups="site")
    assert data.facts.classes == ["a", "b"]
    assert data.facts.groups.tolist() == [node % 3 for node in range(12)]
    assert [each.name for each in data.spec.attributes] == ["size"]
    with pytest.raises(DataError, match="no file 'clubb' to read labels from"):
        read(graph, labels="clubb")
