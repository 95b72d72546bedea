"""What pictures ask about themselves: the answers undo the change, and tiles lie where they are said to."""

import itertools

import numpy as np
import pytest
import torch

from selflearn.data.batch import Batch
from selflearn.data.images.spec import ImageSpec
from selflearn.errors import RecipeError
from selflearn.views import asked, build, make_views
from selflearn.views.image import Jigsaw, Position, Tiles, Turn
from selflearn.views.image.questions import NEIGHBOURS, unlike_orders

SPEC = ImageSpec(channels=1, height=24, width=24, high=255.0, colour=False, mean=(0.5,), std=(0.2,))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def places(samples=12, side=24):
    """Pictures whose pixels tell where they are and whose they are: row, column and sample, one channel each."""
    row, column = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    values = torch.stack([row, column, torch.zeros_like(row)]).float().repeat(samples, 1, 1, 1)
    values[:, 2] = torch.arange(samples)[:, None, None].float()
    return Batch(values, torch.arange(samples) + 100, torch.arange(samples) % 3)


def test_turning_on_brings_every_picture_back():
    batch = places()
    view = Turn()(batch, generator())
    question = view.questions["rotation"]
    assert set(question.answers.tolist()) == {0, 1, 2, 3}
    for picture, own, turns in zip(view.values, batch.values, question.answers.tolist(), strict=True):
        assert torch.equal(torch.rot90(picture, 4 - turns, (1, 2)), own)
    assert torch.equal(view.changes["turns"], question.answers)
    with pytest.raises(RecipeError, match="square"):
        Turn()(Batch(torch.zeros(2, 1, 4, 6), torch.arange(2), torch.arange(2)), generator())


def test_rotation_shows_every_turn():
    views = make_views(places_raw(), build(SPEC, "rotation"), generator())
    assert [view.questions["rotation"].answers.unique().tolist() for view in views] == [[0], [1], [2], [3]]


def places_raw(samples=6):
    values = torch.randint(0, 256, (samples, 1, 24, 24), generator=generator(3)).to(torch.uint8)
    return Batch(values, torch.arange(samples), torch.full((samples,), -1))


def test_tiles_are_whole_pieces_of_their_cells_and_samples():
    batch, cells = places(), torch.tensor([[0, 5, 8]]).expand(12, -1)
    tiles = Tiles(grid=3, share=0.75).cut(batch, cells, generator())
    assert tiles.values.shape == (36, 3, 6, 6)  # cells of 8 pixels
    assert torch.equal(tiles.index, batch.index.repeat_interleave(3))
    assert torch.equal(tiles.labels, batch.labels.repeat_interleave(3))
    rows, columns, owners = tiles.values.unbind(1)
    assert torch.equal(owners[:, 0, 0], torch.arange(12.0).repeat_interleave(3))
    assert torch.equal(rows[:, 1:] - rows[:, :-1], torch.ones(36, 5, 6))
    assert torch.equal(columns[:, :, 1:] - columns[:, :, :-1], torch.ones(36, 6, 5))
    for tile, cell in zip(tiles.values, cells.flatten().tolist(), strict=True):
        assert {int(each) // 8 for each in tile[0].unique()} == {cell // 3}
        assert {int(each) // 8 for each in tile[1].unique()} == {cell % 3}
    assert len({tuple(tile[:2, 0, 0].tolist()) for tile in tiles.values[::3]}) > 1  # places vary


def test_a_neighbour_lies_where_the_answer_says():
    view = Position()(places(samples=200), generator())
    question = view.questions["position"]
    assert set(question.answers.tolist()) == set(range(8))
    centres = view.values[:, :2].mean((2, 3))[question.rows]
    cells = (centres // 8).long()
    assert torch.equal(cells[:, 0], torch.ones(200, 2).long())
    assert torch.equal(cells[:, 1, 0] * 3 + cells[:, 1, 1], torch.tensor(NEIGHBOURS)[question.answers])
    owners = view.values[:, 2, 0, 0][question.rows]
    assert torch.equal(owners[:, 0], owners[:, 1])


def test_tiles_come_in_the_order_that_is_asked_for():
    jigsaw = Jigsaw(grid=2, orders=5)
    view = jigsaw(places(), generator())
    question = view.questions["jigsaw"]
    assert question.rows.shape == (12, 4)
    centres = view.values[:, :2].mean((2, 3))[question.rows]
    cells = (centres // 12).long()
    assert torch.equal(cells[..., 0] * 2 + cells[..., 1], jigsaw.orders[question.answers])
    assert len(set(question.answers.tolist())) > 1


def test_orders_differ_in_many_places():
    orders = unlike_orders(9, 64)
    assert len({tuple(each) for each in orders}) == 64
    assert (np.sort(orders, axis=1) == np.arange(9)).all()
    apart = [(one != other).sum() for one, other in itertools.combinations(orders[:9], 2)]
    assert min(apart) == 9  # nine orders can differ everywhere: the rows of a Latin square
    assert len(unlike_orders(4, 24)) == 24
    with pytest.raises(RecipeError, match="the 24 that 4 tiles have"):
        unlike_orders(4, 25)


@pytest.mark.parametrize("name", ["rotation", "position", "jigsaw"])
def test_what_is_asked_is_what_was_said_before(name):
    options = {"grid": 2} if name == "jigsaw" else {}
    said = asked(SPEC, 0, name, **options)
    for view in make_views(places_raw(), build(SPEC, name, **options), generator()):
        assert set(view.questions) == set(said) == {name}
        question, known = view.questions[name], said[name]
        assert question.rows.shape[1] == known.ends
        assert 0 <= int(question.answers.min()) <= int(question.answers.max()) < known.size
        assert int(question.rows.max()) < len(view)
    assert asked(SPEC, 0, "standard") == {}


def test_a_view_is_a_function_of_its_generator():
    for name in ("rotation", "position", "jigsaw"):
        one, again = (make_views(places_raw(), build(SPEC, name), generator(5))[-1] for _ in range(2))
        assert torch.equal(one.values, again.values)
        assert torch.equal(one.questions[name].answers, again.questions[name].answers)


def test_pictures_too_small_for_tiles_are_refused():
    tiny = ImageSpec(channels=1, height=5, width=5, high=255.0, colour=False, mean=(0.5,), std=(0.2,))
    raw = Batch(torch.zeros(2, 1, 5, 5), torch.arange(2), torch.arange(2))
    with pytest.raises(RecipeError, match="larger 'size'"):
        make_views(raw, build(tiny, "position"), generator())
