"""What follows from answers about pairs: belonging together is transitive, being apart holds for all on both sides."""

import torch

from selflearn.targets import KnownPairs


def told(*answers, samples=6, questions=8):
    known = KnownPairs(samples, questions)
    for first, second, together in answers:
        known.tell(torch.tensor([first]), torch.tensor([second]), torch.tensor([together]))
    return known


def test_nothing_is_known_at_first():
    known = told()
    assert known.left == 8
    assert torch.equal(known.unknown(torch.arange(6)), ~torch.eye(6, dtype=torch.bool))


def test_what_belongs_to_the_same_belongs_together():
    known = told((0, 1, True), (2, 3, True), (3, 1, True))
    assert known.of(torch.arange(6)).tolist() == [0, 0, 0, 0, 4, 5]
    assert known.left == 5
    assert not known.unknown(torch.tensor([0, 3])).any()


def test_who_is_apart_from_one_is_apart_from_all_that_belong_to_it():
    known = told((0, 1, True), (2, 3, True), (0, 2, False))
    assert known.unknown(torch.tensor([1, 3, 4])).tolist() == [[False, False, True], [False, False, True], [True, True, False]]


def test_an_answer_holds_for_those_who_join_later():
    known = told((0, 2, False), (0, 1, True), (2, 3, True))
    assert not known.unknown(torch.tensor([1, 3])).any()


def test_it_travels():
    known, other = told((0, 1, True), (4, 2, False)), told()
    other.load_state_dict(known.state_dict())
    assert torch.equal(other.unknown(torch.arange(6)), known.unknown(torch.arange(6)))
    assert other.left == known.left == 6
