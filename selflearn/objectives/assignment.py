"""Cross-entropy between soft assignments: predict one view's assignment to prototypes from another view."""

from __future__ import annotations

from torch import Tensor

from selflearn.objectives.checks import check_alike
from selflearn.objectives.precision import full_precision


@full_precision
def assignment_cross_entropy(assignments: Tensor, logits: Tensor) -> Tensor:
    """``- mean_i sum_k a_ik log softmax(logits_i)_k``.

    Parameters
    ----------
    assignments : (batch, prototypes) the target: rows >= 0 that sum to one; detach them where their side must not learn.
    logits : (batch, prototypes) the prediction, already divided by its temperature.

    Returns
    -------
    Tensor : scalar: ``log(prototypes)`` where the logits are equal, whatever the target; never below the target's entropy.

    Source: Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments", 2020 (targets from
    Sinkhorn); Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", 2021 (targets from a teacher).
    """
    check_alike("assignment_cross_entropy", assignments, logits)
    return -(assignments * logits.log_softmax(1)).sum(1).mean()
