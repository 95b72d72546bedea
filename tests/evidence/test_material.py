"""What is learned from, tuned on and measured on never overlap."""

import numpy as np
import pytest

from selflearn.errors import DataError
from selflearn.evidence.material import data_file, draw, material, names


def test_digits_parts_are_disjoint_whole_and_stratified():
    source = material("digits")
    parts = [source.learn, source.development, source.test]
    assert len(np.unique(np.concatenate(parts))) == sum(map(len, parts)) == len(source.dataset) == 1797
    assert len(source.test) == pytest.approx(0.2 * 1797, abs=2)
    for part in parts:
        share = np.bincount(source.dataset.labels[part], minlength=10) / len(part)
        assert share.min() > 0.08


def test_a_draw_depends_on_its_seed_alone():
    source = material("digits")
    one, again, other = (draw(source, "measured", seed, 300, 100) for seed in (10, 10, 11))
    assert one.fingerprint == again.fingerprint != other.fingerprint
    assert (len(one.learn), len(one.test)) == (300, 100)


def test_measured_and_development_samples_never_meet():
    source = material("digits")
    ids = {part: set(draw(source, part, 10, 5000).test.facts.ids) for part in ("measured", "development")}
    learned = set(draw(source, "measured", 10, 5000).learn.facts.ids)
    assert not ids["measured"] & ids["development"]
    assert not learned & (ids["measured"] | ids["development"])


def test_an_unknown_name_is_told_with_the_nearest():
    assert "fashion-mnist" in names()
    with pytest.raises(DataError, match="did you mean 'digits'"):
        material("digit")


def test_absent_data_says_what_to_set(monkeypatch, tmp_path):
    monkeypatch.delenv("SELFLEARN_DATA", raising=False)
    with pytest.raises(DataError, match="set SELFLEARN_DATA"):
        data_file("mnist", "mnist.npz")
    monkeypatch.setenv("SELFLEARN_DATA", str(tmp_path))
    with pytest.raises(DataError, match="there is no"):
        data_file("mnist", "mnist.npz")


def test_people_and_official_parts_of_series_are_not_mixed(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    for folder in ("chest_accel", "ucr"):
        (tmp_path / folder).mkdir()
    steps = 15 * 3 * 208
    person = 1 + np.arange(steps) // (3 * 208)
    np.savez(
        tmp_path / "chest_accel" / "chest_accel.npz",
        x=rng.normal(size=(steps, 3)),
        labels=np.arange(steps) // 208 % 2,
        subject=person,
    )
    labels = np.arange(500) % 2
    np.savez(
        tmp_path / "ucr" / "PhalangesOutlinesCorrect.npz",
        train_x=rng.normal(size=(500, 1, 12)), train_labels=labels, test_x=rng.normal(size=(20, 1, 12)), test_labels=labels[:20],
    )  # fmt: skip
    monkeypatch.setenv("SELFLEARN_DATA", str(tmp_path))
    material.cache_clear()
    try:
        for name, sizes in (("chest-accelerometer", (21, 9, 15)), ("phalanges", (100, 400, 20))):
            source = material(name)
            parts = [source.learn, source.development, source.test]
            assert tuple(map(len, parts)) == sizes
            assert len(np.unique(np.concatenate(parts))) == sum(sizes)
        assert all(each.startswith("test") for each in np.array(source.dataset.facts.ids)[source.test])
        people = material("chest-accelerometer")
        groups = [set(people.dataset.facts.groups[part]) for part in (people.learn, people.development, people.test)]
        assert not groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]
    finally:
        material.cache_clear()
