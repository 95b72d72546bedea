"""Labels softened, replaced or unlearned by what a network says itself: one cross-entropy to a mixture of both."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.checks import check_positive
from selflearn.objectives.precision import full_precision


@full_precision
def imitation(logits: Tensor, imitated: Tensor, labels: Tensor, share: float | Tensor) -> Tensor:
    """``mean_i [ share * H(imitated_i, p_i) + (1 - share) * H(label_i, p_i) ]``, ``p = softmax(logits)``, ``H`` cross-entropy.

    Parameters
    ----------
    logits : (rows, classes).
    imitated : (rows, classes) probabilities; no gradient goes there.
    labels : (rows,) int64; rows of -1, which nobody labelled, imitate alone.
    share : any number, or one for each row: 0 is plain cross-entropy, 1 imitates alone, above 1 moves away from labels that may be
        wrong.

    Returns
    -------
    Tensor : scalar; zero where there are no rows. Affine in `share`. Below zero only where `share` is above 1 or below 0.

    Source: Kim et al., "Self-Knowledge Distillation with Progressive Refinement of Targets", 2021; Das and Sanghavi, "Understanding
    Self-Distillation in the Presence of Label Noise", 2023 (shares above 1).
    """
    if logits.ndim != 2 or imitated.shape != logits.shape or labels.shape != logits.shape[:1]:
        raise RecipeError(
            f"imitation needs logits and probabilities of (rows, classes) and a label a row, not {tuple(logits.shape)}, "
            f"{tuple(imitated.shape)} and {tuple(labels.shape)}"
        )
    part = torch.where(labels < 0, 1.0, share)[:, None].to(logits.dtype)
    given = F.one_hot(labels.clamp(min=0), logits.shape[1]).to(logits.dtype)
    targets = part * imitated.detach() + (1 - part) * given
    return -(targets * logits.log_softmax(1)).sum() / max(1, len(logits))


def best_imitation(singular: Tensor, truth: Tensor, noise: float, ridge: float) -> float:
    """The share with which a ridge regression that learns from itself comes nearest to the truth, in closed form.

    Labels are ``y = X w + e`` with noise of variance ``n`` in each; teacher and student are ridge regressions of the same strength
    ``r``. With ``X = U S V^T`` and ``c = V^T w`` the expected squared error of the student's weights is least at::

        share = sum_j s_j^2 (n - r c_j^2) / (s_j^2 + r)^3  /  ( r sum_j s_j^2 (n + s_j^2 c_j^2) / (s_j^2 + r)^4 )

    It is above 1 where noise is large, 0 where no ridge of another strength would do better.

    Parameters
    ----------
    singular : (dim,) singular values ``s`` of the inputs, > 0. truth : (dim,) ``c``. noise : variance, >= 0. ridge : > 0.

    Source: Das and Sanghavi, "Understanding Self-Distillation in the Presence of Label Noise", 2023 (derived anew).
    """
    check_positive("best_imitation", ridge=ridge)
    squares, power = singular.double().square(), truth.double().square()
    above = (squares * (noise - ridge * power) / (squares + ridge) ** 3).sum()
    below = (squares * (noise + squares * power) / (squares + ridge) ** 4).sum()
    return float(above / (ridge * below))
