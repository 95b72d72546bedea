"""The spectrum of embeddings, and how fast it decays (alpha-ReQ): a slope near 1 goes with features that generalise."""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.measures.arrays import Array, matrix

CHUNK = 8192


def singular_values(embeddings: Array, centred: bool = False) -> Tensor:
    """(min(n, dim),) singular values, largest first, in float64.

    They are square roots of the eigenvalues of the smaller Gram matrix, summed in chunks in float64, so 60,000 x 512
    needs no n x n matrix and no copy of the whole. Values below about 1e-8 of the largest are noise, as in any Gram route.

    Parameters
    ----------
    embeddings : (n, dim), finite.
    centred : subtract the mean of every dimension first; the squares are then n times the covariance's eigenvalues.
    """
    values = matrix(embeddings)
    mean = (
        values.mean(0, dtype=torch.float64) if centred else torch.zeros(values.shape[1], dtype=torch.float64, device=values.device)
    )
    if len(values) < values.shape[1]:
        rows = values.double() - mean
        gram = rows @ rows.T
    else:
        gram = torch.zeros(values.shape[1], values.shape[1], dtype=torch.float64, device=values.device)
        for chunk in values.split(CHUNK):
            rows = chunk.double() - mean
            gram += rows.T @ rows
    return torch.linalg.eigvalsh(gram).flip(0).clamp_min(0).sqrt()


def eigenspectrum(embeddings: Array) -> Tensor:
    """(min(n, dim),) eigenvalues of the covariance (divided by n), largest first."""
    return singular_values(embeddings, centred=True).square() / len(embeddings)


def spectrum_decay(embeddings: Array, first: int = 3, last: int | None = None) -> float:
    """The exponent alpha of the power law `lambda_i ~ i^(-alpha)` that the covariance's eigenvalues follow.

    It is minus the slope of the weighted least-squares line through `(log i, log lambda_i)` for `first <= i <= last`, with
    weights `1 / i` so that every octave counts alike (the fit of Stringer et al., 2019, which the publication takes over).
    The first eigenvalues are left out because a few large ones bend the line, the tail because it is finite-sample noise.

    Law: eigenvalues that are an exact power law give its exponent; a flat spectrum gives 0; scaling changes nothing.

    Source: Agrawal, Mondal, Ghosh, Richards: alpha-ReQ: Assessing Representation Quality in Self-Supervised Learning by
    measuring eigenspectrum decay, 2022.

    Parameters
    ----------
    embeddings : (n, dim), finite.
    first : the first index of the fit, counted from 1.
    last : the last index; by default half of min(n - 1, dim), at least 5.

    Returns
    -------
    alpha, or NaN where fewer than three eigenvalues are above 1e-10 of the largest within the window.
    """
    spectrum = eigenspectrum(embeddings)
    rank = min(len(embeddings) - 1, spectrum.numel())
    last = max(rank // 2, min(rank, 5)) if last is None else last
    window = spectrum[first - 1 : last]
    position = torch.arange(first, first + len(window), dtype=torch.float64, device=spectrum.device)
    usable = window > 1e-10 * spectrum[0]
    if int(usable.sum()) < 3:
        return float("nan")
    weight = 1 / position[usable]
    log_position, log_value = position[usable].log(), window[usable].log()
    log_position = log_position - (weight * log_position).sum() / weight.sum()
    return float(-(weight * log_position * log_value).sum() / (weight * log_position.square()).sum())
