"""Batch-norm statistics of a network that never learned: what makes an untrained encoder a fair baseline."""

from __future__ import annotations

import numpy as np
import torch

from selflearn.data.dataset import Dataset
from selflearn.networks.encoder import Encoder
from selflearn.views.base import View


def calibrate(encoder: Encoder, dataset: Dataset, view: View, seed: int, batches: int = 8, size: int = 256) -> None:
    """Move an untrained encoder's batch-norm statistics towards those of real samples, as learning would.

    With the usual momentum of 0.1, eight batches leave 0.43 of the statistics as they began (mean 0, deviation 1). That is left
    so: on digits such a twin reads better from few labels than one with exact statistics, and a baseline is never weakened.
    """
    encoder.train()
    draw = np.random.default_rng(seed)
    with torch.no_grad():
        for _ in range(batches):
            rows = draw.choice(len(dataset), min(size, len(dataset)), replace=False)
            encoder(view(dataset.batch(np.sort(rows)), torch.Generator()))
    encoder.eval()
