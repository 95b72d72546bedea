"""Masks: from arrays, files and folders; looked up at places; refused where they do not fit."""

import numpy as np
import pytest
from PIL import Image

from selflearn.data import read
from selflearn.data.masks import classes_at, read_masks
from selflearn.errors import DataError


@pytest.fixture
def pictures():
    return read(np.random.default_rng(0).integers(0, 256, size=(8, 16, 16), dtype=np.uint8), kind="image")


def test_arrays_and_files_of_them_are_one_mask_a_sample(pictures, tmp_path):
    masks = np.arange(8)[:, None, None] * np.ones((8, 4, 4), dtype=np.int64)
    np.savez(tmp_path / "all.npz", images=np.zeros((8, 2, 2)), masks=masks)
    np.save(tmp_path / "all.npy", masks)
    for source in (masks, tmp_path / "all.npz", tmp_path / "all.npy"):
        found = read_masks(source, pictures)
        assert [int(mask[0, 0]) for mask in found] == list(range(8))


def test_a_folder_is_matched_by_name_and_may_lack_some(tmp_path):
    draw = np.random.default_rng(0)
    for number in range(9):
        (tmp_path / "photos").mkdir(exist_ok=True)
        (tmp_path / "masks").mkdir(exist_ok=True)
        Image.fromarray(draw.integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(tmp_path / "photos" / f"{number}.jpg")
        if number != 3:
            mask = np.full((12, 12), number, dtype=np.uint8)
            mask[0] = 255
            Image.fromarray(mask).save(tmp_path / "masks" / f"{number}.png")
    dataset = read(str(tmp_path / "photos"))
    found = read_masks(tmp_path / "masks", dataset)
    for name, mask in zip(dataset.facts.ids, found, strict=True):
        number = int(name.split(".")[0])
        assert (mask is None) == (number == 3)
        if mask is not None:
            assert mask[1, 0] == number and mask[0, 0] == -1
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="has the name of a sample"):
        read_masks(tmp_path / "none", dataset)


def test_a_place_has_the_class_that_lies_there():
    mask = np.array([[1, 2], [3, 4]])
    places = np.array([[[0.1, 0.1], [0.1, 0.9], [0.9, 0.2], [1.0, 1.0]]] * 2, dtype=np.float32)
    found = classes_at([mask, None], places)
    assert found.tolist() == [[1, 2, 3, 4], [-1, -1, -1, -1]]
    steps = classes_at([np.array([5, 6, 7, 8])], np.array([[[0.0], [0.3], [0.99]]]))
    assert steps.tolist() == [[5, 6, 8]]


@pytest.mark.parametrize(
    ("masks", "words"),
    [
        (np.zeros((7, 4, 4), dtype=int), "as many masks of whole numbers"),
        (np.zeros((8, 4, 4)), "as many masks of whole numbers"),
        (np.zeros(8, dtype=int), "as many masks of whole numbers"),
        ("nowhere.npy", "there are no masks at nowhere.npy"),
    ],
)
def test_what_is_no_mask_is_refused(pictures, masks, words):
    with pytest.raises(DataError, match=words):
        read_masks(masks, pictures)


def test_an_npz_without_masks_says_what_it_holds(pictures, tmp_path):
    np.savez(tmp_path / "other.npz", images=np.zeros((8, 2, 2)))
    with pytest.raises(DataError, match="holds images and no masks"):
        read_masks(tmp_path / "other.npz", pictures)
