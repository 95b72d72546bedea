"""From steps in time to one vector: the largest and the mean, of all and of equal parts, over what is real."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Pool = Literal["max", "mean", "both"]


def pooled_size(channels: int, pool: Pool, parts: int) -> int:
    """How many numbers `over_parts` gives."""
    return channels * (2 if pool == "both" else 1) * (parts + 1 if parts > 1 else 1)


def over_parts(values: Tensor, real: Tensor | None, pool: Pool, parts: int = 1) -> Tensor:
    """(batch, numbers) of (batch, channels, steps): all steps pooled, then each of `parts` equal parts of a sample's own length.

    Parameters
    ----------
    real : (batch, steps) bool, True where a step is no padding; real ones come first. None where all are.
    """
    whole = [over_time(values, real, pool)]
    if parts > 1 and real is None:
        whole += [over_time(each, None, pool) for each in values.tensor_split(min(parts, values.shape[2]), dim=2)]
    elif parts > 1 and real is not None:
        place = torch.arange(values.shape[2], device=values.device) * parts // real.sum(dim=1, keepdim=True).clamp(min=1)
        whole += [over_time(values, real & (place == part), pool) for part in range(parts)]
    return torch.cat(whole, dim=1)


def over_time(values: Tensor, real: Tensor | None, pool: Pool) -> Tensor:
    """(batch, channels) or twice that: largest and mean over the real steps; 0 where there are none."""
    found = []
    if real is None:
        if pool != "mean":
            found.append(values.amax(dim=2))
        if pool != "max":
            found.append(values.mean(dim=2))
        return torch.cat(found, dim=1)
    count = real.sum(dim=1, keepdim=True)
    if pool != "mean":
        lowest = torch.finfo(values.dtype).min
        found.append(torch.where(count > 0, values.masked_fill(~real[:, None], lowest).amax(dim=2), 0.0))
    if pool != "max":
        found.append((values * real[:, None]).sum(dim=2) / count.clamp(min=1))
    return torch.cat(found, dim=1)


def kept(values: Tensor, real: Tensor | None) -> Tensor:
    """The values, 0 where there is padding; `real` is broadcast."""
    return values if real is None else values * real.to(values.dtype)
