"""What every measure does with its input first: numpy or torch in, a finite float tensor of the right shape out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from selflearn.errors import DataError

Array = np.ndarray | Tensor


def matrix(values: Array, name: str = "embeddings") -> Tensor:
    """(n, dim) float tensor that shares memory where it can; half precision becomes float32.

    Raises
    ------
    DataError : it is not two-dimensional, is empty, or holds NaN or infinity.
    """
    tensor = torch.as_tensor(values).detach()
    if tensor.ndim != 2 or 0 in tensor.shape:
        raise DataError(f"{name} must be (samples, dim) and not empty, got {tuple(tensor.shape)}")
    tensor = tensor if tensor.dtype == torch.float64 else tensor.float()
    if not bool(torch.isfinite(tensor).all()):
        raise DataError(
            f"{name} hold NaN or infinity; look at the training curve for divergence, or at the input for missing values"
        )
    return tensor


def paired(first: Array, second: Array) -> tuple[Tensor, Tensor]:
    """Two views of the same samples, (n, dim) each, as `matrix` gives them; row i of both is one sample.

    Raises
    ------
    DataError : not finite matrices, or of different shapes.
    """
    one, other = matrix(first, "first views"), matrix(second, "second views")
    if one.shape != other.shape:
        raise DataError(f"two views of the same samples are needed, got {tuple(one.shape)} and {tuple(other.shape)}")
    return one, other
