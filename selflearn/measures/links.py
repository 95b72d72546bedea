"""Whether vectors tell which pairs are joined: the area under the curve of a likeness, with nothing trained."""

from __future__ import annotations

import numpy as np
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score

from selflearn.errors import DataError
from selflearn.measures.arrays import Array, matrix


def link_auc(embeddings: Array, joined: np.ndarray, apart: np.ndarray) -> float:
    """How often the cosine of a joined pair is above that of one that is not (ties count half).

    Parameters
    ----------
    embeddings : (n, dim), finite; directions are taken from their mean.
    joined, apart : (2, pairs) int64 places of the ends, at least one pair each.

    Returns
    -------
    float : in [0, 1]; 0.5 where the vectors know nothing of the pairs.

    Raises
    ------
    DataError : no pairs, or ends that are not there.
    """
    values = matrix(embeddings)
    ends = np.concatenate([np.asarray(joined).reshape(2, -1), np.asarray(apart).reshape(2, -1)], axis=1)
    truth = np.arange(ends.shape[1]) < np.asarray(joined).reshape(2, -1).shape[1]
    if truth.all() or not truth.any() or ends.min() < 0 or ends.max() >= len(values):
        raise DataError(f"links need pairs that are joined and pairs that are not, with ends from 0 to {len(values) - 1}")
    unit = F.normalize(values - values.mean(dim=0), dim=1)
    return float(roc_auc_score(truth, (unit[ends[0]] * unit[ends[1]]).sum(dim=1).numpy()))
