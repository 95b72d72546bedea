"""What is learned from, tuned on and measured on never overlap."""

import gzip
import json

import numpy as np
import pytest

from selflearn.errors import DataError
from selflearn.evidence.material import LOADERS, data_file, draw, hidden_links, material, names


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


def test_texts_keep_their_official_test_part_and_its_words_are_not_counted(monkeypatch, tmp_path):
    monkeypatch.setenv("SELFLEARN_DATA", str(tmp_path))
    rows = [{"text": f"what is the {word} of number {number} ?", "label": number % 2, "split": "train"}
            for number in range(20) for word in ("name", "size")]  # fmt: skip
    rows += [{"text": f"why zebra {number} then ?", "label": number - 1, "split": "test"} for number in range(3)]
    (tmp_path / "trec").mkdir()
    with gzip.open(tmp_path / "trec" / "trec.jsonl.gz", "wt") as file:
        file.write("\n".join(map(json.dumps, rows)))
    source = LOADERS["trec"]()
    assert (len(source.learn), len(source.development), len(source.test)) == (32, 8, 2)  # a test text without a class is not scored
    assert set(source.test) == {41, 42}
    assert not set(source.learn) & set(source.development)
    assert "zebra" not in source.dataset.spec.tokenizer.vocabulary


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


def test_links_that_are_left_out_are_in_no_graph_that_is_learned_from():
    whole, thinned = material("communities").dataset, material("communities-without-links").dataset
    pairs = {name: set(map(tuple, each.pairs.T.tolist())) for name, each in (("whole", whole), ("thinned", thinned))}
    joined, apart = hidden_links(np.arange(len(whole)))
    gone = set(map(tuple, joined.T.tolist()))
    assert gone == pairs["whole"] - pairs["thinned"] and len(gone) == pytest.approx(0.2 * len(pairs["whole"]), rel=0.1)
    assert not set(map(tuple, apart.T.tolist())) & pairs["whole"] and apart.shape == joined.shape
    source = material("communities-without-links")
    first, second = (set(hidden_links(part)[0][0].tolist()) for part in (source.development, source.test))
    assert first and second and not first & second


def test_the_block_model_is_divided_once_and_its_parts_are_disjoint():
    source = material("communities")
    parts = [source.learn, source.development, source.test]
    assert [len(part) for part in parts] == [600, 200, 400]
    assert len(np.unique(np.concatenate(parts))) == len(source.dataset) == 1200
