"""Batch-norm statistics of a network that never learned: what makes an untrained encoder a fair baseline."""

from __future__ import annotations

import numpy as np
import torch

from selflearn.data.dataset import Dataset
from selflearn.networks.encoder import Encoder
from selflearn.views.base import View


def calibrate(encoder: Encoder, dataset: Dataset, view: View, seed: int, batches: int = 8, size: int = 256) -> None:
    """Estimate an untrained encoder's batch-norm statistics on real samples, so that the baseline is as strong as it can be."""
    encoder.train()
    draw = np.random.default_rng(seed)
    with torch.no_grad():
        for _ in range(batches):
            rows = draw.choice(len(dataset), min(size, len(dataset)), replace=False)
            encoder(view(dataset.batch(np.sort(rows)), torch.Generator()))
    encoder.eval()
