"""Encoders of texts as ONNX: any number of texts at once, padded to the length that the encoder reads."""

import numpy as np
import pytest
import torch

from selflearn.data import read
from selflearn.networks import build
from selflearn.serving.export import export_onnx
from selflearn.views import deploy_inputs, plain

runtime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

TEXTS = [f"{who} {does} the {thing} in {place}" for who in ("she", "he") for does in ("saw", "took", "lost")
         for thing in ("book", "umbrella", "train") for place in ("Rome", "Oslo")]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), [("bag", {"width": 8}), ("transformer", {"width": 8, "depth": 1, "heads": 2})])
def test_any_number_of_texts(name, options, tmp_path):
    dataset = read(TEXTS)
    encoder = build(dataset.spec, name, **options).eval()
    export_onnx(encoder, tmp_path / "encoder.onnx", dataset.batch(range(16)))
    session = runtime.InferenceSession(str(tmp_path / "encoder.onnx"))
    for count in (1, 7, len(TEXTS)):
        batch = dataset.batch(range(count))
        given = {key: tensor.numpy() for key, tensor in deploy_inputs(dataset.spec, batch).items()}
        with torch.no_grad():
            expected = encoder(plain(dataset.spec)(batch, torch.Generator())).pooled.numpy()
        assert np.allclose(session.run(None, given)[0], expected, atol=1e-4 * np.abs(expected).max())
