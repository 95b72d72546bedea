"""Relations: what a sample is like, told by others. A student's relation to a set of anchors follows its teacher's, sharpened."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.assignment import assignment_cross_entropy
from selflearn.objectives.checks import check_alike, check_positive
from selflearn.objectives.precision import full_precision


@full_precision
def relation_cross_entropy(
    students: Tensor, teachers: Tensor, anchors: Tensor, temperature: float = 0.1, teacher_temperature: float = 0.04
) -> Tensor:
    """``- mean_i sum_k softmax(cos(t_i, a_k) / teacher_temperature) log softmax(cos(s_i, a_k) / temperature)``.

    Parameters
    ----------
    students, teachers : (batch, dim) two views of each sample, any length; normalised here.
    anchors : (anchors, dim) other samples, any length; normalised here. Detach teachers and anchors where they must not learn.
    temperature : of the student, > 0.
    teacher_temperature : > 0; lower than the student's, it keeps relations from becoming equal.

    Returns
    -------
    Tensor : scalar: log(anchors) where the students are equally like all anchors (all at one point, say), whatever the teacher;
        never below the entropy of the teacher's relations. The length of a vector does not matter, nor does a rotation of all.

    Raises
    ------
    RecipeError : shapes do not belong together, or a temperature is not above zero.

    Source: Zheng et al., "ReSSL: Relational Self-Supervised Learning with Weak Augmentation", 2021.
    """
    check_positive("relation_cross_entropy", temperature=temperature, teacher_temperature=teacher_temperature)
    check_alike("relation_cross_entropy", students, teachers)
    if anchors.ndim != 2 or anchors.shape[1] != students.shape[1] or not len(anchors):
        raise RecipeError(f"relation_cross_entropy needs anchors (anchors, {students.shape[1]}), not {tuple(anchors.shape)}")
    others = F.normalize(anchors, dim=1).T
    relations = (F.normalize(teachers, dim=1) @ others / teacher_temperature).softmax(1)
    return assignment_cross_entropy(relations, F.normalize(students, dim=1) @ others / temperature)
