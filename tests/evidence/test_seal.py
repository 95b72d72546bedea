"""A sealed result shows any change, however it is spelt."""

import json

import pytest

from selflearn.errors import RunError
from selflearn.evidence.seal import check_seal, digest, seal

RESULT = {"name": "x", "difference": 0.1, "arms": {"a": {"1": 0.25}}, "claim": "größer"}


def test_a_seal_survives_json_and_the_order_of_keys():
    again = json.loads(json.dumps(seal(RESULT)))
    check_seal(dict(reversed(again.items())))


@pytest.mark.parametrize("change", [{"difference": 0.2}, {"arms": {"a": {"1": 0.26}}}, {"more": 1}, {"seal": "0" * 64}])
def test_any_change_breaks_it(change):
    with pytest.raises(RunError, match="seal is broken"):
        check_seal({**seal(RESULT), **change})


def test_what_lacks_a_seal_is_refused():
    with pytest.raises(RunError, match="seal"):
        check_seal(RESULT)


def test_a_number_that_is_none_cannot_be_sealed():
    with pytest.raises(ValueError):
        digest({"difference": float("nan")})
