"""RankMe: how many dimensions an embedding really uses, without labels. From the d x d Gram matrix, so n may be large."""

from __future__ import annotations

import torch

from selflearn.measures.arrays import Array
from selflearn.measures.spectrum import singular_values


def rankme(embeddings: Array, eps: float = 1e-7) -> float:
    """The effective rank of the embeddings.

    `p_k = sigma_k / sum_j sigma_j + eps`, `RankMe = exp(-sum_k p_k log p_k)` over the singular values `sigma` of the matrix as
    it is: not centred, not normalised.

    Law: r equal singular values and no others give r (to about eps); it lies between 1 and min(n, dim), and does not
    change under rotation or scaling. Constant non-zero embeddings (collapse) give 1.

    Source: Garrido, Balestriero, Najman, LeCun: RankMe: Assessing the Downstream Performance of Pretrained
    Self-Supervised Representations by Their Rank, 2023. The effective rank itself: Roy and Vetterli, 2007.

    Parameters
    ----------
    embeddings : (n, dim), finite. The publication takes 25,600 samples and the method's projected embeddings.
    eps : keeps the logarithm finite where a singular value is zero.
    """
    sigma = singular_values(embeddings)
    share = sigma / sigma.sum().clamp_min(torch.finfo(sigma.dtype).tiny) + eps
    return float(torch.exp(-(share * share.log()).sum()))
