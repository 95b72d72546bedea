"""Streaming embedding: one vector a sample, in the dataset's order, by an encoder in eval mode whatever mode it was in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from selflearn.data.dataset import Dataset
from selflearn.networks.encoder import Encoder
from selflearn.training.loading import in_order, plain_errors
from selflearn.training.precision import choose_device, choose_precision
from selflearn.training.randomness import seed_of
from selflearn.views.base import View


def embed(
    encoder: Encoder,
    dataset: Dataset,
    view: View,
    *,
    batch: int = 256,
    device: str = "auto",
    precision: str = "32",
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Embed every sample of a dataset.

    Parameters
    ----------
    encoder : used in eval mode; afterwards its modules are in the modes, and on the device, they were in before.
    dataset, view : what is embedded, and how raw samples come to the encoder's scale (`views.plain`, or any view).
    batch : samples at a time; it bounds the memory and does not change the result beyond rounding. All of a `shared` dataset.
    precision : "32" measures exactly; "auto" may be faster where rounding to three digits does no harm; "64" computes in double,
        so that a sample's embedding does not depend on the batch it came in (encoders that take double: not bodies of others).
    seed : of what the view draws; the same seed gives the same embeddings.
    progress : called with samples done and in all.

    Returns
    -------
    array : (samples, dim) float32; float64 for "64".
    """
    target = choose_device(device)
    double = precision == "64"
    dtype = None if double else choose_precision(target, precision).dtype
    batch = max(1, len(dataset)) if dataset.shared else batch
    vectors = np.empty((len(dataset), encoder.dim), dtype=np.float64 if double else np.float32)
    generator, done = torch.Generator(target), 0
    with at_rest(encoder, target):
        try:
            if double:
                encoder.double()
            with torch.inference_mode(), plain_errors():
                for number, raw in enumerate(in_order(dataset, batch, workers=workers, pin=target.type == "cuda")):
                    seen = view(raw.to(target), generator.manual_seed(seed_of(seed, number)))
                    if double:
                        seen = seen.replace(values=seen.values.double())
                    with torch.autocast(target.type, dtype=dtype, enabled=dtype is not None):
                        pooled = encoder(seen).pooled
                    vectors[done : done + len(raw)] = pooled.to(torch.float64 if double else torch.float32).cpu().numpy()
                    done += len(raw)
                    if progress is not None:
                        progress(done, len(dataset))
        finally:
            if double:
                encoder.float()
    return vectors


@contextmanager
def at_rest(encoder: Encoder, device: torch.device) -> Iterator[None]:
    """Meanwhile an encoder is in eval mode on a device; then its modules are in the modes, and on the device, they were in."""
    home = next((parameter.device for parameter in encoder.parameters()), device)
    modes = [(module, module.training) for module in encoder.modules()]
    try:
        encoder.to(device).eval()
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        encoder.to(home)
