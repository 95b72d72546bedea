"""Exported networks say what PyTorch says, from raw values, for any batch; and what cannot be proved is not written."""

import copy
import json

import numpy as np
import pytest
import torch

from selflearn.data import read, spec_from_json
from selflearn.data.batch import Batch
from selflearn.data.images import ImageSpec
from selflearn.data.images.spec import ImageBatch
from selflearn.errors import MissingExtraError, RunError
from selflearn.networks import build, default_encoder
from selflearn.serving import export as module
from selflearn.serving.export import export_onnx
from selflearn.views import plain

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")


def spec(**changes):
    given = {"channels": 1, "height": 8, "width": 8, "mean": (0.3,), "std": (0.2,)}
    return ImageSpec(**{**given, **changes})


def agrees(encoder, path, batch, **extra):
    """Run the file by itself and compare with the view and the encoder."""
    session = runtime.InferenceSession(str(path))
    found = session.run(None, {"values": batch.values.numpy(), **extra})[0]
    with torch.no_grad():
        expected = encoder.eval()(plain(encoder.spec)(batch, torch.Generator())).pooled.numpy()
    assert np.allclose(found, expected, atol=1e-4 * np.abs(expected).max())


@pytest.fixture(scope="module")
def digits():
    return read("digits", cache=False)


@pytest.fixture(scope="module")
def exported(digits, tmp_path_factory):
    """An encoder left in training mode, its weights before the export, and the report."""
    encoder = build(digits.spec, "resnet-narrow", width=4).train()
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    path = tmp_path_factory.mktemp("export") / "new" / "encoder.onnx"
    return encoder, before, export_onnx(encoder, path, digits.batch(range(12)))


def test_raw_digits_in_embeddings_out(exported, digits):
    encoder, _, report = exported
    assert (report.real, report.samples) == (True, 12)
    assert report.largest_difference < 1e-4
    assert report.inputs["values"][0] == "tensor(uint8)"
    agrees(copy.deepcopy(encoder), report.path, digits.batch(range(20, 27)))
    assert [each.name for each in report.path.parent.iterdir()] == ["encoder.onnx"]


def test_the_encoder_itself_is_left_as_it_was(exported):
    encoder, before, _ = exported
    assert encoder.training
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())


def test_the_file_tells_what_it_reads(exported):
    encoder, _, report = exported
    told = {each.key: each.value for each in onnx.load(report.path).metadata_props}
    assert spec_from_json(json.loads(told["spec"])) == encoder.spec
    assert json.loads(told["encoder"])["name"] == "resnet-narrow"
    assert told["selflearn_version"]


def test_a_transformer_and_made_up_samples(digits, tmp_path):
    encoder = build(digits.spec, "vit-tiny", width=16, depth=1, heads=2, registers=1)
    report = export_onnx(encoder, tmp_path / "encoder.onnx")
    assert not report.real
    agrees(encoder, report.path, digits.batch(range(3)))


def test_proportions_and_depth_travel_inside(tmp_path):
    deep = spec(channels=2, height=10, width=14, mean=(0.4, 0.5), std=(0.2, 0.1), dtype="uint16", low=10, high=4000)
    values = torch.from_numpy(np.random.default_rng(0).integers(0, 4200, (5, 2, 10, 14)).astype(np.uint16))
    batch = ImageBatch(values, torch.arange(5), torch.full((5,), -1), aspect=torch.tensor([0.4, 0.7, 1.0, 1.4, 2.2]))
    encoder = build(deep, "resnet-narrow", width=4)
    report = export_onnx(encoder, tmp_path / "encoder.onnx", batch)
    assert set(report.inputs) == {"values", "aspect"}
    agrees(encoder, report.path, batch, aspect=batch.aspect.numpy())


def test_tables_with_missing_cells(tmp_path):
    rows = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    table = read(rows, kind="table")
    encoder = build(table.spec, default_encoder(table.spec, accelerator=False))
    batch = table.batch(range(9))
    batch.values[0, 2] = torch.nan
    agrees(encoder, export_onnx(encoder, tmp_path / "encoder.onnx", batch).path, batch)


def test_a_network_that_does_not_agree_is_not_written(tmp_path):
    encoder = build(spec(), "resnet-narrow", width=4)
    # a number taken out of the tensors becomes a constant of the graph
    encoder.trunk.register_forward_hook(lambda module, given, found: found * float(np.asarray(found.detach()).mean()))
    with pytest.raises(RunError, match="differ"):
        export_onnx(encoder, tmp_path / "encoder.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_network_that_cannot_be_traced_is_said(tmp_path):
    encoder = build(spec(), "resnet-narrow", width=4)
    encoder.trunk.register_forward_hook(lambda module, given, found: found if found.sum() > 0 else -found)
    with pytest.raises(RunError, match="cannot be written as ONNX"):
        export_onnx(encoder, tmp_path / "encoder.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_kind_that_cannot_be_exported_is_named(tmp_path, monkeypatch):
    encoder = build(spec(), "resnet-narrow", width=4)
    monkeypatch.delattr("selflearn.views.image.deployed")
    with pytest.raises(RunError, match="image data cannot be exported"):
        export_onnx(encoder, tmp_path / "encoder.onnx", Batch(torch.zeros(2, 4), torch.arange(2), torch.arange(2)))


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    encoder = build(spec(), "resnet-narrow", width=4)

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(module.importlib, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"selflearn\[export\]"):
        export_onnx(encoder, tmp_path / "encoder.onnx")


def test_a_table_with_categories_and_gaps_is_exported(tmp_path):
    """The exporter names the look-up of a category as the output is named; that must not clash."""
    draw = np.random.default_rng(0)
    frame = pytest.importorskip("pandas").DataFrame(
        {"age": draw.normal(40, 9, 60), "income": np.exp(draw.normal(8, 2, 60)), "town": draw.choice(["Ulm", "Graz", "Bern"], 60)}
    )
    frame.loc[:9, "income"] = np.nan
    frame.loc[5:14, "town"] = None
    data = read(frame)
    report = export_onnx(build(data.spec, "mlp"), tmp_path / "encoder.onnx", data.batch(range(30)))
    assert report.largest_difference < 1e-4
    assert report.inputs["values"][1][1] == 3
