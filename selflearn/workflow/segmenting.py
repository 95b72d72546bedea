"""Dense features of a finished run, judged by masks: beside raw patches and the untrained encoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from selflearn import recipes, views
from selflearn.data import Dataset, subset
from selflearn.data.masks import classes_at, read_masks
from selflearn.errors import DataError
from selflearn.evaluation import Scorecard, score_segmentation
from selflearn.training import calibrate, embed_tokens
from selflearn.views import plain
from selflearn.workflow.request import read_config
from selflearn.workflow.run import Run

SAMPLES = 2_000  # with masks: their tokens train and test the probe in seconds


def segment(run: Run, masks: Any, source: Any = None, *, device: str = "auto") -> Scorecard:
    """Score what a run's encoder says of places by a linear probe that reads off masks.

    Parameters
    ----------
    masks : see `selflearn.data.masks.read_masks`; of all samples of the source.
    source : the data; None takes the run's own.

    Returns
    -------
    Scorecard : "token accuracy" and "mean iou" of "encoder", "raw" (the patch of the input around each token, where the kind has
        one) and "untrained", over five folds of samples.

    Raises
    ------
    DataError : masks that do not fit.  RecipeError : the encoder has no places.
    """
    request, recipe = read_config(run.folder)
    chosen = source if source is not None else request.source
    if chosen is None:
        raise DataError(f"{run.path} learned from objects in memory: say what to segment")
    dataset = run.read(chosen)
    found = read_masks(masks, dataset)
    rows = np.array([row for row, mask in enumerate(found) if mask is not None])
    rows = np.sort(np.random.default_rng(request.seed).permutation(rows)[:SAMPLES])
    sample = subset(dataset, rows)
    untrained = recipes.build_twin(recipe.maker, run.encoder, request.seed)
    calibrate(untrained, sample, plain(sample.spec), request.seed)
    tokens, places, real = embed_tokens(run.encoder, sample, device=device)
    features = {"encoder": tokens, "untrained": embed_tokens(untrained, sample, device=device)[0]}
    raw = _raw(sample, tokens.shape[1])
    if raw is not None:
        features["raw"] = raw
    classes = np.where(real, classes_at([found[row] for row in rows], places), -1)
    card = score_segmentation(features, classes, sample.facts.groups, request.seed)
    if raw is None:
        card.note(f"raw input is left out: {sample.spec.kind} data has no patch around a token")
    if len(rows) == SAMPLES:
        card.note(f"measured on {SAMPLES:,} samples with masks, drawn at random")
    return card


def _raw(dataset: Dataset, tokens: int) -> np.ndarray | None:
    """(samples, tokens, numbers) the input around each token, as it is seen plainly."""
    seen = plain(dataset.spec)(dataset.batch(np.arange(len(dataset))), torch.Generator())
    pieces = views.pieces(dataset.spec, seen, tokens)
    return None if pieces is None else np.asarray(pieces.float().numpy())
