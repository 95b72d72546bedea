"""The verdict on what was learned: four words, a reason with numbers, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from selflearn.errors import RunError

Kind = Literal["learned", "did not learn", "collapsed", "diverged"]


@dataclass(frozen=True)
class Verdict:
    """What became of a run.

    Attributes
    ----------
    kind : "learned", "did not learn", "collapsed" (all samples are encoded alike) or "diverged" (the numbers ran away).
    reason : why, in plain words with the numbers that decided.
    remedy : what to do next; empty where nothing needs to be done.

    Examples
    --------
    >>> Verdict.from_json(Verdict("learned", "k-NN .97 beside .91", "").to_json()).kind
    'learned'
    """

    kind: Kind
    reason: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise RunError(f"a verdict is one of {', '.join(get_args(Kind))}, not {self.kind!r}")

    def to_json(self) -> dict[str, str]:
        """What `verdict.json` holds, ready to be dumped."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Verdict:
        """Read what `to_json` gave; `RunError` if it is not that."""
        try:
            return cls(content["kind"], str(content["reason"]), str(content.get("remedy", "")))
        except (KeyError, TypeError, AttributeError) as error:
            raise RunError(f"this is not a verdict: {error!r}") from error
