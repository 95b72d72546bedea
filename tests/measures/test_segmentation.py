"""Mean intersection over union: by hand, at its ends, and what it leaves out."""

import numpy as np
import pytest

from selflearn.errors import DataError
from selflearn.measures.segmentation import mean_iou


def test_by_hand():
    truth, told = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0])
    assert mean_iou(truth, told) == pytest.approx((2 / 4 + 2 / 3 + 0) / 3)


def test_all_right_all_wrong_and_one_class_for_all():
    truth = np.repeat([0, 1], [90, 10])
    assert mean_iou(truth, truth) == 1
    assert mean_iou(truth, 1 - truth) == 0
    assert mean_iou(truth, np.zeros(100, dtype=int)) == pytest.approx(0.45)


def test_places_nobody_knows_and_classes_that_are_not_there_do_not_count():
    truth, told = np.array([0, 1, -1, -1]), np.array([0, 1, 0, 2])
    assert mean_iou(truth, told) == 1
    with pytest.raises(DataError, match="one that is known"):
        mean_iou(np.array([-1]), np.array([0]))
