"""The segmentation probe: what it finds where tokens tell, where they do not, and that no sample is on both sides."""

import numpy as np
import pytest

from selflearn.errors import DataError
from selflearn.evaluation import score_segmentation


def scenes(samples=30, tokens=12, seed=0):
    draw = np.random.default_rng(seed)
    classes = draw.integers(3, size=(samples, tokens))
    telling = np.eye(3)[classes] + 0.1 * draw.normal(size=(samples, tokens, 3))
    return classes, {"encoder": telling.astype(np.float32), "raw": draw.normal(size=(samples, tokens, 5)).astype(np.float32)}


def test_tokens_that_tell_are_read_and_noise_is_not():
    classes, features = scenes()
    card = score_segmentation(features, classes)
    assert card.value("encoder", "token accuracy") > 0.98
    assert card.value("encoder", "mean iou") > 0.95
    assert card.value("raw", "token accuracy") < 0.5
    assert card.lead("mean iou").clear == 1
    assert card.find("encoder", "mean iou").n == 5


def test_what_tells_only_the_sample_is_worth_nothing_on_others():
    classes, _ = scenes()
    classes[:] = np.random.default_rng(1).integers(3, size=(30, 1))
    own = np.random.default_rng(2).normal(size=(30, 1, 40)).repeat(12, axis=1).astype(np.float32)
    card = score_segmentation({"encoder": own}, classes)
    assert card.value("encoder", "token accuracy") < 0.6


def test_unknown_places_and_samples_take_no_part():
    classes, features = scenes()
    hidden = classes.copy()
    hidden[:, ::2] = -1
    hidden[:5] = -1
    features["encoder"][:, ::2] = 1e6
    features["encoder"][:5] = 1e6
    assert score_segmentation(features, hidden).value("encoder", "mean iou") > 0.95


def test_what_cannot_be_scored_is_told():
    classes, features = scenes()
    with pytest.raises(DataError, match="fewer than two classes"):
        score_segmentation(features, np.zeros_like(classes))
    with pytest.raises(DataError, match="do not fit classes"):
        score_segmentation(features, classes[:, :-1])
    one = np.where(np.arange(30)[:, None] == 3, classes, -1)
    with pytest.raises(DataError, match="at least two"):
        score_segmentation(features, one)
