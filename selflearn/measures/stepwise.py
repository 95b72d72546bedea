"""Stepwise learning: a linear joint embedding learns the eigenmodes of its views one by one, at times known in closed form.

The model is Barlow Twins without standardisation: ``z = W x``, ``C = mean (z z'^T + z' z^T) / 2 = W G W^T``, with the loss
``|C - 1|^2``. From small weights each eigenvalue of C rises from nearly 0 to 1 in a step of its own, that of the largest mode of G
first. A deep network whose spectrum rises so is in the regime of the theory; one whose eigenvalues rise together is not.

Source: Simon et al., On the Stepwise Nature of Self-Supervised Learning, 2023.
"""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.errors import DataError
from selflearn.measures.arrays import Array, paired


def contrastive_moment(first: Array, second: Array) -> Tensor:
    """(dim, dim) ``G = mean_i (x_i x'_i^T + x'_i x_i^T) / 2`` in float64: what two views tell of each other.

    Law: equal views give their second moment; unrelated ones of mean zero tend to zero. Its eigenvalues may be negative where views
    oppose each other; those modes are never learned.

    Parameters
    ----------
    first, second : (n, dim), finite; row i of both is one sample.
    """
    one, other = (each.double() for each in paired(first, second))
    product = one.T @ other / len(one)
    return (product + product.T) / 2


def mode_eigenvalues(modes: Tensor, initial: Tensor, time: Tensor) -> Tensor:
    """(time, modes) eigenvalues of C, of gradient flow ``dW/dt = -4 (W G W^T - 1) W G`` from aligned weights::

        c_j(t) = 1 / (1 + (1 / c_j(0) - 1) exp(-8 g_j t))

    Law: c(0) is `initial`; where g > 0 it tends to 1 and passes 1/2 at `step_times`; where g = 0 it stays.

    Parameters
    ----------
    modes : (modes,) eigenvalues g of `contrastive_moment`.
    initial : (modes,) eigenvalues of C at the start, in (0, 1).
    time : (time,) learning rate times steps.
    """
    return 1 / (1 + (1 / initial - 1) * torch.exp(-8 * modes * time[:, None]))


def step_times(modes: Tensor, initial: Tensor) -> Tensor:
    """(modes,) ``log(1 / c_j(0) - 1) / (8 g_j)``: when each eigenvalue passes 1/2; infinite for modes that are not learned.

    The loss is then a staircase: with k of d modes learned it stands at about ``d - k``.
    """
    times = (1 / initial - 1).log() / (8 * modes)
    return times.where(modes > 0, torch.inf)


def learned_map(moment: Tensor, dim: int) -> Tensor:
    """(dim, inputs) what is learned in the end, up to a rotation of the outputs: the top eigenvectors, each over the root of its
    eigenvalue.

    Law: ``W G W^T`` is the identity.

    Raises
    ------
    DataError : the moment has fewer than `dim` positive eigenvalues: there is not so much to learn.
    """
    values, vectors = torch.linalg.eigh(moment)
    if dim > int((values > 0).sum()):
        raise DataError(f"views agree in {int((values > 0).sum())} directions; {dim} outputs cannot all be learned")
    top = torch.arange(len(values) - 1, len(values) - 1 - dim, -1)
    return vectors[:, top].T / values[top].sqrt()[:, None]


def half_times(time: Tensor, spectra: Tensor) -> Tensor:
    """(modes,) when each eigenvalue first reaches half of its last value, in what was measured: interpolated between looks.

    Parameters
    ----------
    time : (looks,) rising.
    spectra : (looks, modes) eigenvalues at each look, each column one mode.
    """
    above = spectra >= spectra[-1] / 2
    first = above.int().argmax(0)
    before = (first - 1).clamp(min=0)
    mode = torch.arange(spectra.shape[1])
    low, high = spectra[before, mode], spectra[first, mode]
    share = ((spectra[-1] / 2 - low) / (high - low).clamp(min=torch.finfo(spectra.dtype).tiny)).clamp(0, 1)
    return time[before] + share * (time[first] - time[before])
