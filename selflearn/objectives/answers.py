"""Answers to questions that the data asks of itself: numbers and shares by squared error, classes by cross-entropy."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from selflearn.errors import RecipeError
from selflearn.objectives.precision import full_precision


@full_precision
def answers_to_numbers(told: Tensor, answers: Tensor) -> Tensor:
    """``mean (told - answer)^2``.

    Parameters
    ----------
    told : (asked, size) what a head says.
    answers : (asked, at most size); columns that are left out at the end have no part.

    Returns
    -------
    Tensor : scalar, >= 0; zero where nothing is asked.

    Source: Jin et al., "Self-supervised Learning on Graphs: Deep Insights and New Direction", 2020.
    """
    if answers.ndim != 2 or told.ndim != 2 or len(told) != len(answers) or answers.shape[1] > told.shape[1]:
        raise RecipeError(f"answers of {tuple(answers.shape)} do not fit what was told, {tuple(told.shape)}")
    return (told[:, : answers.shape[1]] - answers).square().sum() / max(1, answers.numel())


@full_precision
def answers_to_shares(told: Tensor, answers: Tensor) -> Tensor:
    """``mean (softmax(told) - answer)^2``, for answers that sum to 1; parameters, result and source as `answers_to_numbers`.

    A class that is left out at the end of all answers has a share of 0 in them.
    """
    return answers_to_numbers(told.softmax(dim=1), F.pad(answers, (0, max(0, told.shape[1] - answers.shape[1]))))


@full_precision
def answers_to_classes(told: Tensor, answers: Tensor) -> Tensor:
    """``mean -log softmax(told)[answer]``.

    Parameters
    ----------
    told : (asked, classes) logits.
    answers : (asked,) int64.

    Returns
    -------
    Tensor : scalar, >= 0; log of the number of classes where all logits are equal, zero where nothing is asked.

    Source: as `answers_to_numbers`.
    """
    if answers.ndim != 1 or told.ndim != 2 or len(told) != len(answers):
        raise RecipeError(f"answers of {tuple(answers.shape)} do not fit what was told, {tuple(told.shape)}")
    return F.cross_entropy(told, answers, reduction="sum") / max(1, len(answers))
