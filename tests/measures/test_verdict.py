import json

import pytest

from selflearn.errors import RunError
from selflearn.measures import Verdict


def test_a_verdict_survives_json():
    verdict = Verdict("collapsed", "rank 1.0 from step 40 on", "add a variance term")
    assert Verdict.from_json(json.loads(json.dumps(verdict.to_json()))) == verdict


@pytest.mark.parametrize("content", [{"kind": "fine", "reason": ""}, {"reason": "x"}, [], None])
def test_what_is_no_verdict_is_refused(content):
    with pytest.raises(RunError):
        Verdict.from_json(content)
