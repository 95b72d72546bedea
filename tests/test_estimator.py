"""The estimators keep scikit-learn's contract, take pictures and tables, and learn something."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from selflearn import SelfLearner, SelfLearningClassifier, load
from selflearn.errors import DataError

EXPECTED = {"check_classifiers_classes": "the class -1 marks a missing label, as in scikit-learn's own semi-supervised estimators"}


@parametrize_with_checks(
    [SelfLearner(budget="10steps"), SelfLearningClassifier(budget="10steps")],
    expected_failed_checks=lambda estimator: EXPECTED if isinstance(estimator, SelfLearningClassifier) else {},
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return data.images.astype(np.float32), data.target


def test_few_labels_of_pictures_are_enough(digits):
    images, labels = digits
    few = np.where(np.arange(len(labels)) < 100, labels, -1)
    model = SelfLearningClassifier("simclr", budget="150steps").fit(images[:1200], few[:1200])
    assert model.score(images[1200:], labels[1200:]) > 0.75
    probabilities = model.predict_proba(images[1200:1210])
    assert np.allclose(probabilities.sum(1), 1)


@pytest.mark.parametrize("marker", ["", None, float("nan")])
def test_string_labels_have_a_marker_too(digits, marker):
    images, labels = digits
    names = np.array([f"digit {label}" if row < 60 else marker for row, label in enumerate(labels[:200])], dtype=object)
    model = SelfLearningClassifier("simclr", budget="3steps").fit(images[:200], names)
    assert marker not in model.classes_
    assert set(model.predict(images[:20])) <= set(model.classes_)


@pytest.mark.parametrize("labels", [np.full(50, -1), np.zeros(50, dtype=int)])
def test_labels_that_cannot_teach_are_refused(digits, labels):
    with pytest.raises(DataError, match="label|class"):
        SelfLearningClassifier(budget="3steps").fit(digits[0][:50], labels)


def test_the_same_seed_gives_the_same_embedding(digits):
    images = digits[0][:100]
    first, second = (SelfLearner("vicreg", budget="3steps", random_state=4).fit_transform(images) for _ in range(2))
    other = SelfLearner("vicreg", budget="3steps", random_state=5).fit_transform(images)
    assert np.array_equal(first, second)
    assert not np.allclose(first, other)


def test_saved_loaded_and_pickled_learners_embed_alike(digits, tmp_path):
    images = digits[0][:100]
    learner = SelfLearner("vicreg", budget="3steps", encoder="resnet-narrow").fit(images)
    expected = learner.transform(images)
    learner.save(tmp_path / "saved")
    loaded = SelfLearner.load(tmp_path / "saved")
    assert loaded.settings == {"encoder": "resnet-narrow"}, "fitted again it learns with the same network"
    assert np.array_equal(loaded.transform(images), expected)
    assert np.array_equal(load(tmp_path / "saved").embed(images), expected)
    assert np.array_equal(pickle.loads(pickle.dumps(learner)).transform(images), expected)


def test_a_report_of_arrays(digits, tmp_path):
    images, labels = digits
    run = SelfLearner("vicreg", budget="20steps").fit(images[:300]).report(tmp_path / "run", y=labels[:300])
    assert (run.path / "report.html").exists()
    assert run.scorecard.value("encoder", "knn") > 0.2


def test_in_a_pipeline_and_a_grid_search():
    rows, labels = make_blobs(120, centers=3, n_features=6, random_state=0)
    pipeline = make_pipeline(SelfLearner(budget="5steps"), LogisticRegression(max_iter=1000))
    search = GridSearchCV(pipeline, {"selflearner__settings": [{"batch": 16}, {"batch": 32}]}, cv=2).fit(rows, labels)
    assert search.best_score_ > 0.8
    assert clone(pipeline)


def test_labels_of_any_form_reach_the_recipes_that_use_them(digits):
    images, labels = digits[0][:60], digits[1][:60]
    plain, numbers, names = (
        SelfLearner("supcon", budget="2steps").fit(images, y).transform(images)
        for y in (None, labels, np.array([f"{label}" for label in labels]))
    )
    assert np.array_equal(numbers, names)
    assert not np.array_equal(plain, numbers)


RNG = np.random.default_rng(0)
WORDS = [
    f"the {animal} {number} sat on the {thing}" for number in range(6) for animal in ("cat", "dog") for thing in ("mat", "bed")
]
CURVES = RNG.normal(size=(24, 3, 60)).cumsum(axis=2)
TONES = [np.sin(np.arange(2000 + 50 * number) * (0.05 + 0.02 * number)).astype(np.float32) for number in range(24)]


def graphs():
    networkx = pytest.importorskip("networkx")
    return [networkx.gnp_random_graph(8, 0.4, seed=number) for number in range(24)]


def frame():
    columns = {"age": RNG.normal(40, 9, 24), "town": np.resize(["Oslo", "Rome", "Kyiv"], 24), "signed": ["2024-01-01", None] * 12}
    return pd.DataFrame(columns).mask(RNG.random((24, 3)) < 0.1)


@pytest.mark.parametrize(
    ("samples", "options"),
    [
        (lambda: WORDS, {}),
        (lambda: np.array(WORDS), {}),
        (lambda: CURVES, {}),
        (lambda: [each[:, : 30 + number] for number, each in enumerate(CURVES)], {}),
        (lambda: TONES, {"read": {"rate": 8000}}),
        (graphs, {}),
        (frame, {}),
        (lambda: np.where(RNG.random((24, 4)) < 0.2, np.nan, RNG.normal(size=(24, 4))), {}),
    ],
    ids=["texts", "array of texts", "series", "series of any length", "sound", "graphs", "frame", "missing cells"],
)
def test_every_kind_of_data_is_learned_from_and_classified(samples, options):
    samples = samples()
    learner = SelfLearner(budget="2steps", **options).fit(samples)
    some = samples.head(5) if hasattr(samples, "head") else samples[:5]
    vectors = learner.transform(some)
    assert vectors.shape == (5, learner.encoder_.dim)
    assert np.isfinite(vectors).all()
    labels = np.where(np.arange(24) < 12, "a", "b").astype(object)
    labels[3:9] = None
    model = SelfLearningClassifier(budget="2steps", **options).fit(samples, labels)
    assert set(model.predict(some)) <= {"a", "b"}


def test_a_word_never_seen_before_is_embedded_and_other_columns_are_told():
    learner = SelfLearner(budget="2steps").fit(frame())
    assert learner.transform(frame().assign(town="Atlantis")).shape[0] == 24
    with pytest.raises(ValueError, match="town"):
        learner.transform(frame().drop(columns="town"))


def test_labels_stay_with_their_samples_where_some_are_skipped_and_embeddings_keep_their_order():
    samples = [np.zeros(2000, dtype=np.float32), *TONES]
    labels = ["a", *(["a", "b"] * 12)]
    model = SelfLearningClassifier(budget="60steps", read={"rate": 8000}).fit(samples, labels)
    assert model.classifier_.n_features_in_ == model.encoder_.dim
    assert (model.predict(TONES) == np.array(labels[1:])).mean() > 0.8
    with pytest.raises(DataError, match="1 samples cannot be embedded .first: 0: it is silent"):
        model.predict(samples)


def test_kind_overrules_and_travels(tmp_path):
    curves = CURVES[:, 0]
    learner = SelfLearner(budget="2steps", kind="series").fit(curves)
    assert learner.encoder_.spec.kind == "series"
    loaded = SelfLearner.load(learner.save(tmp_path / "learner"))
    assert loaded.kind == "series"
    assert np.array_equal(loaded.transform(curves[:3]), learner.transform(curves[:3]))
