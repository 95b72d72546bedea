"""How well places are told: the mean over classes of intersection over union."""

from __future__ import annotations

import numpy as np

from selflearn.errors import DataError


def mean_iou(truth: np.ndarray, predicted: np.ndarray) -> float:
    """``mean_c |T_c and P_c| / |T_c or P_c|`` over the classes that the truth has: 1 where all is right, 0 where nothing is.

    Parameters
    ----------
    truth, predicted : (n,) class numbers of places, of all samples together; places whose truth is -1 are left out.

    Raises
    ------
    DataError : different lengths, or no place whose class is known.

    Source: Everingham et al., "The Pascal Visual Object Classes (VOC) Challenge", 2010.
    """
    if truth.shape != predicted.shape or not (truth >= 0).any():
        raise DataError(
            f"places need a truth and a prediction each, not {truth.shape} and {predicted.shape}, and one that is known"
        )
    truth, predicted = truth[truth >= 0], predicted[truth >= 0]
    shares = []
    for each in np.unique(truth):
        there, told = truth == each, predicted == each
        shares.append((there & told).sum() / (there | told).sum())
    return float(np.mean(shares))
