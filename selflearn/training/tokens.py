"""Streaming embedding of places: every token of every sample, and where it lies in it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from selflearn import views
from selflearn.data.dataset import Dataset
from selflearn.errors import RecipeError
from selflearn.networks.encoder import Encoder
from selflearn.training.embedding import at_rest
from selflearn.training.loading import in_order, plain_errors
from selflearn.training.precision import choose_device
from selflearn.training.randomness import seed_of


def embed_tokens(
    encoder: Encoder,
    dataset: Dataset,
    *,
    batch: int = 256,
    device: str = "auto",
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What an encoder says of every place of every sample, seen plainly.

    Parameters
    ----------
    encoder : with "places"; used in eval mode, and left as it was.
    dataset, batch, device, seed, progress : as in `embed`.

    Returns
    -------
    tokens : (samples, tokens, dim) float32.
    places : (samples, tokens, axes) float32, in the samples' own coordinates (`views.places`).
    real : (samples, tokens) bool, False for padding; samples of fewer tokens than others are filled up with it.

    Raises
    ------
    RecipeError : the encoder has no places.
    """
    if "places" not in encoder.capabilities:
        name = encoder.settings.get("name", type(encoder).__name__)
        raise RecipeError(f"the encoder {name} tells no places; choose one that does, such as vit-tiny or a residual network")
    target = choose_device(device)
    plain, generator = views.plain(dataset.spec), torch.Generator(target)
    found: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    done = 0
    with at_rest(encoder, target), torch.inference_mode(), plain_errors():
        for number, raw in enumerate(in_order(dataset, batch, pin=target.type == "cuda")):
            seen = plain(raw.to(target), generator.manual_seed(seed_of(seed, number)))
            features = encoder(seen)
            assert features.tokens is not None
            count = features.tokens.shape[1]
            where = views.places(dataset.spec, seen, encoder.token_places(seen, count))
            real = torch.ones(len(raw), count, dtype=torch.bool) if features.mask is None else features.mask.cpu()
            found.append((features.tokens.float().cpu(), where.cpu(), real))
            done += len(raw)
            if progress is not None:
                progress(done, len(dataset))
    tokens, places, real = ([part[item] for part in found] for item in range(3))
    return _filled(tokens), _filled(places), _filled(real)


def _filled(parts: list[torch.Tensor]) -> np.ndarray:
    """All parts one after the other, each filled up with zeros to the tokens of the longest."""
    longest = max(part.shape[1] for part in parts)
    whole = parts[0].new_zeros((sum(len(part) for part in parts), longest, *parts[0].shape[2:]))
    first = 0
    for part in parts:
        whole[first : first + len(part), : part.shape[1]] = part
        first += len(part)
    return np.asarray(whole.numpy())
