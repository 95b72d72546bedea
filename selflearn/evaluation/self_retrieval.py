"""Self retrieval: does a view of a sample find its own sample among all? What can be asked when nobody knows a label.

It asks for both things that features without labels can be asked for: views of one sample lie together, and samples lie apart.
Collapsed features find nothing, features that ignore the change find everything. It is asked in the same way of raw input, PCA
and the untrained encoder.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from selflearn.measures.arrays import Array, paired

CHUNK = 1000
TIED = 1e-5  # cosines closer than this are equal in float32


def self_retrieval(first: Array, second: Array) -> np.ndarray:
    """(n,) 1.0 where a sample's second view is the nearest of all second views (by cosine) to its first, else 0.0.

    Where m candidates are equally near, a right one among them counts 1 / m.

    Law: equal, distinct views give 1 everywhere; collapse and independent views give 1 / n on average. Rotation of everything
    and scaling of any row change nothing.

    Parameters
    ----------
    first, second : (n, dim), finite; row i of both is one sample.
    """
    one, other = (each.double() for each in paired(first, second))
    one, other = F.normalize(one, dim=1), F.normalize(other, dim=1)
    found = []
    for start in range(0, len(one), CHUNK):
        cosines = one[start : start + CHUNK] @ other.T
        near = cosines >= cosines.max(1, keepdim=True).values - TIED
        own = near.diagonal(start)
        found.append(own / near.sum(1))
    return torch.cat(found).numpy()
