import numpy as np
import pytest
from scipy.stats import ortho_group

from selflearn.errors import DataError
from selflearn.evaluation import evaluate, judge, labelled
from selflearn.evaluation import suite as module

LABELS = np.arange(200) % 4
ACCURACIES = ["knn", "linear", "1 label a class", "4 labels a class", "16 labels a class", "10 %"]


def sets(seed=0, n=200, gap=9.0):
    """An encoder that separates four classes, and noise for all else."""
    rng = np.random.default_rng(seed)
    blobs = gap * np.eye(8)[np.arange(n) % 4] + rng.normal(size=(n, 8))
    return {"encoder": blobs, "raw": rng.normal(size=(n, 12)), "untrained": rng.normal(size=(n, 8))}


def test_blobs_are_perfect_and_noise_is_chance():
    card = evaluate(sets(), LABELS, draws=10)
    for measure in [*ACCURACIES, "nmi", "ari"]:
        assert card.value("encoder", measure) > 0.97
    for measure in ACCURACIES:
        for name in ("raw", "pca", "untrained"):
            assert card.value(name, measure) == pytest.approx(0.25, abs=0.12)
    assert judge(card).kind == "learned"


def test_random_labels_teach_nothing():
    labels = np.random.default_rng(1).integers(4, size=200)
    card = evaluate(sets(), labels, draws=10)
    assert all(card.value("encoder", measure) == pytest.approx(0.25, abs=0.12) for measure in ACCURACIES)
    assert judge(card).kind == "did not learn"


@pytest.mark.parametrize("test", [None, np.arange(60)])
def test_equal_features_get_equal_repetitions_because_draws_are_shared(test):
    """The untrained encoder is a copy of raw input: whatever is drawn, both must have drawn the same."""
    features = sets()
    features["untrained"] = features["raw"]
    card = evaluate(features, LABELS, draws=10, test=test)
    for measure in [*ACCURACIES, "nmi", "ari", "rankme", "uniformity"]:
        assert card.repeats[measure]["untrained"] == card.repeats[measure]["raw"]


def test_the_seed_decides_everything():
    first, again, other = (evaluate(sets(gap=2.0), LABELS, draws=5, seed=seed) for seed in (3, 3, 4))
    assert first == again
    assert first.repeats["4 labels a class"] != other.repeats["4 labels a class"]


def test_rotation_and_scale_of_the_encoder_change_no_accuracy():
    features = sets(gap=3.0)
    turned = {**features, "encoder": 100 * features["encoder"] @ ortho_group.rvs(8, random_state=0)}
    card, other = (evaluate(each, LABELS, draws=5) for each in (features, turned))
    for measure in ("knn", "1 label a class", "16 labels a class", "rankme", "uniformity"):
        assert other.value("encoder", measure) == pytest.approx(card.value("encoder", measure), rel=0.01)


def test_the_measured_part_chooses_nothing():
    """Labels of the test part are turned round: whatever was chosen or fitted, predictions, and so errors, must follow exactly."""
    labels, test = np.arange(200) % 2, np.arange(80)
    features = sets()
    features["encoder"] = features["raw"] + labels[:, None]
    swapped = labels.copy()
    swapped[test] = 1 - labels[test]
    card, other = (evaluate(features, each, draws=5, test=test) for each in (labels, swapped))
    for measure in ("knn", "linear", "4 labels a class"):
        for name in ("encoder", "raw", "pca", "untrained"):
            assert other.value(name, measure) == pytest.approx(1 - card.value(name, measure), abs=1e-6)


def test_groups_that_leak_do_not_help():
    """Features name the group alone: whoever cuts groups apart sees 100 %, who keeps them whole sees chance."""
    groups = np.arange(200) // 5
    labels = np.random.default_rng(0).integers(4, size=40)[groups]
    features = {"encoder": np.random.default_rng(1).normal(size=(40, 16))[groups]}
    assert evaluate(features, labels, draws=5).value("encoder", "knn") > 0.9
    assert evaluate(features, labels, groups=groups, draws=5).value("encoder", "knn") < 0.5


def test_a_baseline_with_a_large_offset_is_given_its_centred_best():
    features = sets()
    features["raw"] = features["encoder"] + 1e5
    card = evaluate(features, LABELS, draws=5)
    assert card.value("raw", "knn") > 0.97
    assert any(note.startswith("raw is scaled") and "centred for knn" in note for note in card.notes)


def test_without_labels_a_sample_must_find_its_own_view():
    features = sets()
    rng = np.random.default_rng(5)
    views = {
        name: (values, values + (0.05 if name == "encoder" else 2.0) * rng.normal(size=values.shape))
        for name, values in features.items()
    }
    card = evaluate(features, None, views=views)
    assert card.measures() == ["rankme", "spectrum decay", "uniformity", "alignment", "self retrieval"]
    assert card.find("pca", "self retrieval") is not None
    assert card.value("encoder", "self retrieval") > 0.9
    verdict = judge(card)
    assert verdict.kind == "learned"
    assert "Self retrieval" in verdict.reason
    assert any("no sample has a label" in note for note in card.notes)


def test_a_bare_pair_of_views_is_the_encoders():
    features = sets()
    card = evaluate(features, None, views=(features["encoder"], features["encoder"]))
    assert card.value("encoder", "alignment") == pytest.approx(0, abs=1e-6)
    assert card.find("raw", "alignment") is None


def test_large_data_are_drawn_from_and_it_is_said(monkeypatch):
    monkeypatch.setattr(module, "FOLD_ROWS", 120)
    labels = np.where(np.arange(200) < 80, -1, LABELS)
    card = evaluate(sets(), labels, draws=5)
    assert any("120 of 200 samples" in note for note in card.notes)
    assert card.value("encoder", "knn") > 0.97


def test_draws_that_cost_too_much_become_fewer_or_are_left_out(monkeypatch):
    monkeypatch.setattr(labelled, "DRAWS_COST", 1100)  # a draw of 4 labels of 4 classes costs 16 * 16 * 4
    card = evaluate(sets(), LABELS, draws=50, test=np.arange(40))
    assert card.find("encoder", "1 label a class").n == 17
    assert card.find("encoder", "4 labels a class").n == 5
    assert card.find("encoder", "16 labels a class") is None
    assert any(note.startswith("16 labels a class: left out, 64 labels") for note in card.notes)


def test_quick_takes_fewer_repetitions_of_the_same_measures():
    quick = evaluate(sets(n=800), np.arange(800) % 4, quick=True)
    assert quick.find("encoder", "knn").n == 3
    assert quick.find("encoder", "1 label a class").n <= 12
    assert set(ACCURACIES) <= set(quick.measures())


def test_progress_counts_up_to_the_end():
    told = []
    evaluate(sets(), LABELS, draws=5, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, told[-1][1] + 1))


ODD = {
    "twenty samples": (np.arange(20) % 3, {}),
    "one class": (np.zeros(40, int), {}),
    "no label": (np.full(40, -1), {}),
    "every sample its own class": (np.arange(30), {}),
    "a class with one member": (np.r_[np.zeros(20, int), np.ones(19, int), 2], {}),
    "one sample": (np.zeros(1, int), {}),
    "three samples": (np.array([0, 1, 1]), {}),
    "two groups": (np.arange(40) % 2, {"groups": np.arange(40) // 20}),
    "one group": (np.arange(40) % 2, {"groups": np.zeros(40, int)}),
    "a group a class": (np.arange(60) // 20, {"groups": np.arange(60) // 20}),
    "everything is the test part": (np.arange(40) % 2, {"test": np.arange(40)}),
    "an unlabelled test part": (np.r_[np.full(20, -1), np.arange(20) % 2], {"test": np.arange(20)}),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ODD)
def test_odd_data_leave_out_what_cannot_be_measured_and_say_so(name):
    labels, options = ODD[name]
    card = evaluate(sets(n=len(labels)), labels, draws=5, **options)
    assert card.notes
    assert all(np.isfinite([row.value, row.low, row.high]).all() for row in card.rows)
    assert judge(card).kind in ("learned", "did not learn")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_constant_encoder_has_collapsed(value):
    features = {**sets(), "encoder": np.full((200, 8), value)}
    card = evaluate(features, LABELS, draws=5)
    assert card.value("encoder", "rankme") == pytest.approx(1, abs=1e-3)
    assert judge(card).kind == "collapsed"


def test_an_encoder_of_nan_has_diverged_and_baselines_are_still_measured():
    features = sets()
    features["encoder"][7, 3] = np.nan
    card = evaluate(features, LABELS, draws=5)
    assert card.find("encoder", "knn") is None
    assert card.find("raw", "knn") is not None
    assert judge(card).kind == "diverged"
    assert "1 of 200 rows" in judge(card).reason


def test_what_does_not_fit_together_is_refused():
    features = sets()
    for wrong in (
        {"features": {"raw": features["raw"]}},
        {"features": {**features, "raw": features["raw"][1:]}},
        {"features": {"encoder": np.zeros((0, 3))}},
        {"features": features, "labels": LABELS[1:]},
        {"features": features, "groups": LABELS[1:]},
        {"features": features, "views": (features["encoder"], features["encoder"][1:])},
    ):
        with pytest.raises(DataError):
            evaluate(**wrong)
