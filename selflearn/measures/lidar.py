"""LiDAR: the effective rank of what tells samples apart, measured against what changes within a sample. Needs no labels."""

from __future__ import annotations

import torch

from selflearn.errors import DataError
from selflearn.measures.arrays import Array

SHRINKAGE = 1e-4  # the publication's delta, here of the mean variance within, so that the scale of embeddings changes nothing


def lidar(views: Array, shrinkage: float = SHRINKAGE) -> float:
    """Effective rank of `S_w^(-1/2) S_b S_w^(-1/2)`: each sample is a class, and its views are the members of it.

    `S_b` is the covariance of the samples' means, `S_w` the mean covariance of the views around them, plus `shrinkage` times its
    mean eigenvalue on the diagonal. Large where many directions tell samples apart by more than views scatter; directions that
    views alone move, or that nothing moves, count little.

    Law: between 1 and min(samples - 1, dim); rotation and scaling of everything change nothing.

    Source: Thilak, Huang, Saremi, Dinh, Goh, Nakkiran, Susskind, Littwin: LiDAR: Sensing Linear Probing Performance in Joint
    Embedding SSL Architectures, 2024.

    Parameters
    ----------
    views : (samples, views, dim), finite, at least two of each.
    """
    values = torch.as_tensor(views).double()
    if values.ndim != 3 or min(values.shape[:2]) < 2:
        raise DataError(f"LiDAR needs at least two views of at least two samples, (samples, views, dim), not {tuple(values.shape)}")
    means = values.mean(1)
    within = (values - means.unsqueeze(1)).flatten(0, 1)
    between = means - means.mean(0)
    spread = within.T @ within / (values.shape[0] * (values.shape[1] - 1))
    size = spread.diagonal().mean()
    if not size > 0:
        raise DataError("all views of each sample are the same: there is no change to hold samples against")
    spread += shrinkage * size * torch.eye(len(spread), dtype=spread.dtype)
    eigenvalues, axes = torch.linalg.eigh(spread)
    whitened = between @ axes / eigenvalues.clamp_min(torch.finfo(spread.dtype).tiny).sqrt()
    share = torch.linalg.eigvalsh(whitened.T @ whitened).clamp_min(0)
    share = share / share.sum().clamp_min(torch.finfo(share.dtype).tiny)
    return float(torch.exp(torch.special.entr(share).sum()))
