"""What a pass is timed against is a Gaussian process fitted well, and the figures say how many passes a fit takes."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks import in_context
from selflearn import networks
from selflearn.data import read


def test_a_refitted_process_comes_near_the_exact_one_and_never_above_it_on_average() -> None:
    dataset = read("prior:gp", more={"points": 40, "tasks": 100})
    batch = dataset.batch(np.arange(20))
    values, targets = batch.values.double().numpy(), batch.targets.double().numpy()
    fitted = np.mean([in_context.refitted(0)(*task, 25).mean() for task in zip(values, targets, strict=True)])
    exact = np.mean([dataset.prior.exact(*task, 25).mean() for task in zip(values, targets, strict=True)])
    assert exact - 0.3 < fitted < exact


def test_figures_compare_everyone_on_the_same_functions() -> None:
    dataset = read("prior:gp", more={"points": 12, "bars": 8, "tasks": 100})
    encoder = networks.build(dataset.spec, "set-transformer", width=8, depth=1, heads=1)
    batch = dataset.batch(np.arange(3))
    figures = in_context.measure(encoder, batch.replace(context=torch.full_like(batch.context, 6)), dataset.prior.exact)
    assert list(figures) == ["one pass", "refitted", "refitted, four restarts", "exact"]
    ratio = figures["refitted"]["milliseconds"] / figures["one pass"]["milliseconds"]
    assert abs(figures["refitted"]["times a pass"] - ratio) < 0.06
