"""`learn` on graphs, from a file to a run that embeds, searches and reports; what ONNX cannot carry is said."""

from __future__ import annotations

import numpy as np
import pytest

from selflearn import learn, load
from selflearn.errors import MissingExtraError, RunError
from selflearn.serving.runs import export_run, report_run, search_run

pytest.importorskip("torch_geometric")


def molecules(path, seed: int = 0):
    """Rings and paths of 5 to 9 nodes, of two kinds."""
    pieces, offsets = [], [0]
    for number in range(40):
        size = 5 + number % 5
        ends = np.stack([np.arange(size), (np.arange(size) + 1) % size])[:, : size - number % 2]
        pieces.append(ends + offsets[-1])
        offsets.append(offsets[-1] + size)
    tags = np.random.default_rng(seed).integers(0, 2, offsets[-1])
    np.savez(path, edges=np.concatenate(pieces, axis=1), node_offsets=np.array(offsets), node_tag=tags, labels=np.arange(40) % 2)
    return path


def test_a_run_on_whole_graphs_does_everything_a_run_does(tmp_path):
    source = molecules(tmp_path / "molecules.npz")
    run = learn(source, budget="3steps", out=tmp_path / "run", changes={"encoder": {"name": "gin", "width": 8, "depth": 2}})
    assert run.verdict.reason
    assert run.scorecard.find("raw", "knn")
    assert report_run(run).stat().st_size > 10_000
    loaded = load(tmp_path / "run")
    vectors = loaded.embed(molecules(tmp_path / "others.npz", seed=1))
    assert vectors.shape == (40, 16)
    assert np.isfinite(vectors).all()
    found = search_run(loaded, "3", k=4)
    assert len(found) == 4
    with pytest.raises(RunError, match="gather and scatter"):
        export_run(loaded)


def test_without_its_library_encoding_graphs_names_the_one_command(tmp_path, monkeypatch):
    import sys

    for name in [name for name in sys.modules if name.startswith("torch_geometric")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch_geometric", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'selflearn\[graph\]'"):
        learn(molecules(tmp_path / "molecules.npz"), budget="1steps", out=tmp_path / "run")
