"""Encoders of sound as ONNX: recordings of any length up to the longest, with their lengths, give what PyTorch gives."""

import numpy as np
import pytest
import torch

from selflearn.data.sound import SoundSpec
from selflearn.networks import build
from selflearn.serving.export import export_onnx
from selflearn.views import deploy_inputs, made_up, plain

runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

SPEC = SoundSpec(rate=8000, length=1600, usual=1200, varies=True)


@pytest.mark.parametrize(
    ("name", "options"), [("spectrogram", {"width": 2, "out": 8}), ("frames", {"width": 8, "depth": 1, "heads": 2})]
)
def test_lengths_travel(name, options, tmp_path):
    encoder = build(SPEC, name, **options)
    short = made_up(SPEC, 4).select(torch.tensor([1, 2, 3]))
    short = short.replace(lengths=short.lengths.clamp(max=900), mask=short.mask[:, :900], values=short.values[..., :900])
    report = export_onnx(encoder, tmp_path / "encoder.onnx", short)
    assert {each: shape[1:] for each, (_, shape) in report.inputs.items()} == {"values": (1, 1600), "lengths": ()}
    batch = made_up(SPEC, 5, seed=3)
    session = runtime.InferenceSession(str(tmp_path / "encoder.onnx"))
    found = session.run(None, {key: tensor.numpy() for key, tensor in deploy_inputs(SPEC, batch).items()})[0]
    with torch.no_grad():
        expected = encoder.eval()(plain(SPEC)(batch, torch.Generator())).pooled.numpy()
    assert np.allclose(found, expected, atol=1e-4 * np.abs(expected).max())
