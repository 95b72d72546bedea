"""What a joint method remembers is in its checkpoint: one that paused and goes on ends as one that never did."""

import pytest
import torch

from selflearn import views
from selflearn.data import read, subset
from selflearn.methods import find
from selflearn.training import FitSettings, RunFolder, fit

REMEMBERING = {
    "ActivePairs": {"projector": [16, 8], "samples": 160},
    "DirectPred": {"projector": [16, 8]},
    "E2MC": {"projector": [16, 8], "after": 0.4},
    "MomentumContrast": {"projector": [16, 8], "queue": 48, "predictor": 8, "objective": "sigmoid"},
    "NNCLR": {"projector": [16, 8], "predictor": 8, "queue": 48},
    "ReSSL": {"projector": [16, 8], "queue": 48},
    "TiCo": {"projector": [16, 8]},
    "WMSE": {"projector": [16, 8], "size": 16},
}
SETTINGS = FitSettings(batch=32, budget="8steps", precision="32", device="cpu", workers=0)


@pytest.mark.parametrize("name", REMEMBERING)
def test_a_pause_changes_nothing(digits, name, tmp_path):
    data = subset(read("digits"), range(160))

    def run(folder, **options):
        torch.manual_seed(0)
        method = find(name)(digits.encoder(), **REMEMBERING[name])
        fit(method, data, views.build(data.spec), SETTINGS, folder, **options)
        return method.state_dict()

    whole = run(None)
    folder = RunFolder.create(tmp_path / "run")
    run(folder, until=0.5)
    torch.rand(7)  # whatever happened in between
    again = run(folder, resume=True)
    for key, value in whole.items():
        assert torch.equal(again[key], value), key
