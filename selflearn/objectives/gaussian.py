"""SIGReg: embeddings are pushed towards an isotropic Gaussian by testing their shadows on random lines for normality."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision


def random_directions(dim: int, count: int, generator: torch.Generator) -> Tensor:
    """(dim, count) unit vectors, uniform on the sphere, drawn from `generator` on its device."""
    return F.normalize(torch.randn(dim, count, generator=generator, device=generator.device), dim=0)


@full_precision
def sigreg(embeddings: Tensor, directions: Tensor, knots: int = 17, limit: float = 3.0) -> Tensor:
    """Sliced Epps-Pulley statistic against the standard Gaussian, averaged over directions (and views).

    With ``x = embeddings @ directions`` and ``phi(t) = exp(-t^2 / 2)``, the characteristic function of a standard normal::

        statistic = batch * integral over [-limit, limit] of |mean_n exp(i t x_n) - phi(t)|^2 phi(t) dt

    by the trapezoidal rule at `knots` points of [0, limit], doubled: the integrand is even.

    Parameters
    ----------
    embeddings : (..., batch, dim); leading axes are views, each tested by itself.
    directions : (dim, slices) unit columns, from `random_directions`. The authors draw new ones at every step (1024 of them).
    knots : points of the integral, >= 2.
    limit : the largest frequency, > 0.

    Returns
    -------
    Tensor : scalar, >= 0. For samples of the Gaussian itself its expectation is ``integral (1 - phi^2) phi dt``, whatever
        the batch; at collapse to the origin it is ``batch * integral (1 - phi)^2 phi dt``.

    Source: Balestriero and LeCun, "LeJEPA: Provable and Scalable Self-Supervised Learning Without the Heuristics", 2025.
    """
    if embeddings.ndim < 2 or directions.ndim != 2 or embeddings.shape[-1] != directions.shape[0]:
        raise RecipeError(
            f"sigreg needs (..., batch, dim) and (dim, slices), not {tuple(embeddings.shape)} and {tuple(directions.shape)}"
        )
    frequencies = torch.linspace(0, limit, knots, dtype=embeddings.dtype, device=embeddings.device)
    gaussian = (-frequencies.square() / 2).exp()
    weights = torch.full_like(frequencies, 2 * limit / (knots - 1))
    weights[0] = weights[-1] = limit / (knots - 1)
    angles = (embeddings @ directions).unsqueeze(-1) * frequencies
    distance = (angles.cos().mean(-3) - gaussian).square() + angles.sin().mean(-3).square()
    return embeddings.shape[-2] * (distance @ (weights * gaussian)).mean()
