"""Encoders go to ONNX with their standardisation and answer the same there."""

import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.networks import build

pytest.importorskip("onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")


class Pooled(torch.nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, pictures):
        none = torch.zeros(0)
        return self.encoder(Batch(pictures, none, none)).pooled


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("resnet-narrow", {"width": 4}),
        ("vit-tiny", {"width": 24, "depth": 2, "heads": 2}),
        ("vit-tiny", {"width": 24, "depth": 2, "heads": 2, "linear": "sigma"}),
    ],
)
def test_same_answer_for_any_batch(image_spec, pictures, name, options, tmp_path):
    encoder = build(image_spec(side=16), name, **options).eval()
    path = tmp_path / "encoder.onnx"
    batch = torch.export.Dim("batch")
    torch.onnx.export(
        Pooled(encoder).eval(), (pictures(2, side=16).values,), path, dynamo=True, dynamic_shapes=({0: batch},), verbose=False
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for samples in (1, 5):
        values = pictures(samples, side=16)
        (answer,) = session.run(None, {session.get_inputs()[0].name: values.values.numpy()})
        torch.testing.assert_close(torch.from_numpy(answer), encoder(values).pooled, rtol=1e-4, atol=1e-5)
