"""Views of texts: words go, hide, change places or are cut away; never all of a text, and padding never counts."""

from __future__ import annotations

import pytest
import torch

from selflearn import views
from selflearn.data import read
from selflearn.errors import RecipeError
from selflearn.views import make_views
from selflearn.views.text import Crop, Delete, Hide, Shuffle

RUNS = ((0, 30), (3, 12), (7, 1), (1, 2))  # first word, words
TEXTS = [" ".join(f"w{number}" for number in range(start, start + length)) for start, length in RUNS] * 8


@pytest.fixture(scope="module")
def texts():
    return read(TEXTS, kind="text")


def seen(texts, view, seed=0):
    batch = texts.batch(range(len(texts)))
    changed = view(batch, torch.Generator().manual_seed(seed))
    rows = [row[real].tolist() for row, real in zip(changed.values, changed.mask, strict=True)]
    whole = [row[real].tolist() for row, real in zip(batch.values, batch.mask, strict=True)]
    return changed, rows, whole


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_deleted_words_go_in_their_share_the_rest_keeps_its_order(texts, share):
    changed, rows, whole = seen(texts, Delete(texts.spec, share))
    for row, full in zip(rows, whole, strict=True):
        rest = iter(full)
        assert row
        assert all(each in rest for each in row)  # a subsequence
    assert changed.lengths.tolist() == list(map(len, rows))
    assert (changed.values[~changed.mask] == texts.spec.padding).all()
    kept = sum(map(len, rows[::4])) / sum(map(len, whole[::4]))
    assert kept == pytest.approx(max(1 - share, 1 / 30), abs=0.08)


def test_a_crop_is_one_run_and_its_inverse_is_the_rest(texts):
    _, rows, whole = seen(texts, Crop(texts.spec, (0.3, 0.6)))
    _, others, _ = seen(texts, Crop(texts.spec, (0.3, 0.6), inverse=True))
    for row, other, full in zip(rows, others, whole, strict=True):
        start = full.index(row[0])
        assert row == full[start : start + len(row)]
        assert other
        if len(full) > 2:
            assert 0.25 <= len(row) / len(full) <= 0.65
            assert other == full[:start] + full[start + len(row) :]


def test_hidden_words_leave_a_gap_that_can_be_seen(texts):
    changed, rows, whole = seen(texts, Hide(texts.spec, 0.4))
    hidden = [each == texts.spec.mask for row in rows for each in row]
    assert sum(hidden) / len(hidden) == pytest.approx(0.4, abs=0.08)
    assert all(
        new in (old, texts.spec.mask) for row, full in zip(rows, whole, strict=True) for new, old in zip(row, full, strict=True)
    )
    assert not changed.changes["hidden"][~changed.mask].any()


@pytest.mark.parametrize("distance", [0, 1, 3])
def test_shuffled_words_stay_near_their_places(texts, distance):
    _, rows, whole = seen(texts, Shuffle(texts.spec, distance))
    for row, full in zip(rows, whole, strict=True):
        assert sorted(row) == sorted(full)
        moved = [abs(row.index(each) - place) for place, each in enumerate(full)]
        assert max(moved) <= distance
    assert (rows != whole) == (distance > 0)


@pytest.mark.parametrize("name", ["standard", "spans", "masking", "dropout", "multicrop", "weak", "plain"])
def test_views_are_a_function_of_the_generator(texts, name):
    batch = texts.batch(range(len(texts)))
    made = [make_views(batch, views.build(texts.spec, name), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    same, other = (all(torch.equal(a.values, b.values) for a, b in zip(made[0], made[each], strict=True)) for each in (1, 2))
    assert same
    assert other == (name in {"dropout", "plain"})
    assert all(bool(view.mask.any(dim=1).all()) for view in made[0])
    assert [view.scope for view in made[0]] == ["global"] * min(2, len(made[0])) + ["local"] * (len(made[0]) - 2)


def test_unknown_views_options_and_sizes_are_told(texts):
    with pytest.raises(RecipeError, match="did you mean 'spans'"):
        views.build(texts.spec, "span")
    with pytest.raises(RecipeError, match="deletion"):
        views.build(texts.spec, "standard", deletion=1.0)
    with pytest.raises(RecipeError, match="did you mean 'deletion'"):
        views.build(texts.spec, "standard", deletions=0.1)
    with pytest.raises(RecipeError, match="no size"):
        views.plain(texts.spec, 32)


def test_a_view_can_be_read_with_dots_for_gaps(texts):
    batch, generator = texts.batch([1]), torch.Generator().manual_seed(3)
    plain, masked = (
        views.tell(texts.spec, make_views(batch, views.build(texts.spec, name), generator)[0]) for name in ("plain", "masking")
    )
    assert plain == [TEXTS[1]]
    assert "..." in masked[0]
    assert views.draw(texts.spec, texts.batch([0]))[0].size == (96, 96)


def test_padding_and_length_travel_with_joined_batches(texts):
    first, second = texts.batch([0]), texts.batch([2, 3])
    assert first.fits(second)
    joined = type(first).join([first, second])
    assert joined.values.shape == (3, 30)
    assert joined.mask.sum(1).tolist() == [30, 1, 2]
    assert joined.select(torch.tensor([1])).values[0, 0] == second.values[0, 0]


def test_the_baseline_of_a_view_is_tfidf_of_what_it_still_holds(texts):
    batch = texts.batch(range(4))
    vectors = views.flat(texts.spec, batch)
    assert vectors.norm(dim=1).tolist() == pytest.approx([1.0] * 4, rel=1e-5)
    cut = views.flat(texts.spec, Delete(texts.spec, 0.5)(batch, torch.Generator().manual_seed(0)))
    assert ((cut > 0) <= (vectors > 0)).all()
