"""Who is dropped at a rung, and why; and that a ladder outlives its process."""

import dataclasses
import json

import pytest

from selflearn.errors import RunError
from selflearn.workflow.tuning.ladder import Ladder
from selflearn.workflow.tuning.rungs import rungs
from selflearn.workflow.tuning.space import Candidate
from selflearn.workflow.tuning.standing import Standing

COLLAPSED = {"kind": "collapsed", "reason": "all samples are encoded alike", "remedy": "wait"}


def standing(value: float, alarm=None) -> Standing:
    names = ("self retrieval", "neighbours", "clusters", "lidar", "rankme", "spectrum decay", "uniformity", "alignment")
    return Standing({} if alarm else dict.fromkeys(names, value), alarm, 10, 160, 1.0, 0.1)


def ladder(count: int) -> Ladder:
    names = [Candidate(f"{number:02d}-simclr", "simclr", "small", "own", 0.1 * (number + 1)) for number in range(count)]
    return Ladder("1h", "24min", names, rungs(count))


def stood(values, count: int | None = None) -> Ladder:
    found = ladder(count or len(values))
    for each, value in zip(found.candidates, values, strict=True):
        found.stand(each, 0, value if isinstance(value, Standing) else standing(value))
    found.settle(0)
    return found


def test_the_better_half_climbs_on():
    found = stood([0.1, 0.4, 0.3, 0.2])
    assert [each.name for each in found.climbing] == ["01-simclr", "02-simclr"]
    assert "number 4 of 4" in found.dropped["00-simclr"].why
    assert found.choice is None


def test_of_equals_the_default_stays():
    assert [each.name for each in stood([0.5, 0.5, 0.5, 0.5]).climbing] == ["00-simclr", "01-simclr"]


def both(lidar: float, retrieval: float) -> Standing:
    return Standing({"lidar": lidar, "self retrieval": retrieval}, None, 10, 160, 1.0, 0.1)


def with_default(*standings: Standing) -> Ladder:
    found = ladder(len(standings))
    found.candidates[0] = dataclasses.replace(found.candidates[0], default=True)
    for each, one in zip(found.candidates, standings, strict=True):
        found.stand(each, 0, one)
    found.settle(0)
    return found


def test_the_default_always_climbs_on():
    found = with_default(both(1, 0.1), both(4, 0.1), both(3, 0.1), both(2, 0.1))
    assert [each.name for each in found.climbing] == ["00-simclr", "01-simclr"]


@pytest.mark.parametrize(("other", "wins"), [(both(2, 0.2), True), (both(2, 0.05), False), (both(0.5, 0.2), False)])
def test_at_the_end_only_who_is_ahead_in_both_scores_takes_its_place(other, wins):
    found = with_default(both(1, 0.1), other)
    assert found.choice == found.candidates[int(wins)]
    said = found.dropped[found.candidates[int(not wins)].name].why
    assert ("not ahead of the default in both scores" in said) == (not wins)


def test_a_default_that_failed_has_no_place():
    found = with_default(standing(1.0, COLLAPSED), both(2, 0.2))
    assert found.choice == found.candidates[1]


def test_whoever_collapsed_is_out_however_few_are_left():
    failed = standing(1.0, COLLAPSED)
    found = stood([failed, 0.2, failed, failed])
    assert found.climbing == [found.candidates[1]]
    assert found.dropped["00-simclr"].why == "collapsed: all samples are encoded alike"
    assert "00-simclr" not in found.scores[0]


def test_where_all_fail_there_is_no_choice():
    failed = standing(1.0, COLLAPSED)
    with pytest.raises(RunError, match="every candidate collapsed or diverged"):
        stood([failed, failed])


def test_the_last_one_is_the_choice():
    found = stood([0.1, 0.4, 0.3, 0.2])
    for each, value in zip(found.climbing, (0.6, 0.9), strict=True):
        found.stand(each, 1, standing(value))
    found.settle(1)
    assert found.choice == found.candidates[2]


def test_a_ladder_survives_its_file():
    found = stood([0.1, 0.4, 0.3, standing(0, COLLAPSED)])
    again = Ladder.from_json(json.loads(json.dumps(found.to_json())))
    assert again == found


@pytest.mark.parametrize("content", [{}, {"schema": 1}, {"schema": 1, "candidates": [{"nonsense": 1}]}])
def test_what_is_no_ladder_is_refused(content):
    with pytest.raises(RunError, match="not a ladder"):
        Ladder.from_json(content)
    with pytest.raises(RunError, match="newer"):
        Ladder.from_json({"schema": 99})
