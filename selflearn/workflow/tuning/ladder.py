"""The ladder: who climbs, how they stood, who was dropped at which rung and why. Plain data, and the rule that settles a rung."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from selflearn.errors import RunError
from selflearn.workflow.tuning.choice import ahead, score
from selflearn.workflow.tuning.rungs import Rung
from selflearn.workflow.tuning.space import Candidate
from selflearn.workflow.tuning.standing import Standing

SCHEMA = 1


@dataclass(frozen=True)
class Dropped:
    """At which rung (counted from 0) a candidate was dropped, and why, in words."""

    rung: int
    why: str


@dataclass
class Ladder:
    """Everything that is known of a tuning; `ladder.json` holds it.

    Attributes
    ----------
    budget, course : of the whole tuning, and of one whole course, as text.
    candidates : in their order; the first is the default.
    rungs : how many climb, and how far.
    standings : candidate's name -> how it stood at each rung it has reached.
    scores : for each settled rung, candidate's name -> its score among those that climbed.
    dropped : candidate's name -> where and why.
    check : what labels that nothing of this saw say of the choice afterwards; None where there are none.
    finished : whether the choice has been learned to the end, and checked.
    """

    budget: str
    course: str
    candidates: list[Candidate]
    rungs: list[Rung]
    standings: dict[str, list[Standing]] = field(default_factory=dict)
    scores: list[dict[str, float]] = field(default_factory=list)
    dropped: dict[str, Dropped] = field(default_factory=dict)
    check: dict[str, Any] | None = None
    finished: bool = False

    @property
    def climbing(self) -> list[Candidate]:
        """Who has not been dropped."""
        return [each for each in self.candidates if each.name not in self.dropped]

    @property
    def choice(self) -> Candidate | None:
        """Who is left, once it is one."""
        return self.climbing[0] if len(self.climbing) == 1 else None

    def stand(self, candidate: Candidate, rung: int, standing: Standing) -> None:
        """Note how a candidate stood at a rung."""
        reached = self.standings.setdefault(candidate.name, [])
        del reached[rung:]
        reached.append(standing)

    def settle(self, rung: int) -> None:
        """Drop whoever failed or is not kept, once everyone who climbs has stood at this rung.

        The best by the score are kept, and always the default, whose place at the end only a candidate takes that is ahead of it in
        both scores.

        Raises
        ------
        RunError : an alarm rang for every candidate.
        """
        climbers = self.climbing
        for each in climbers:
            if (alarm := self.standings[each.name][rung].alarm) is not None:
                self.dropped[each.name] = Dropped(rung, f"{alarm['kind']}: {alarm['reason']}")
        healthy = self.climbing
        if not healthy:
            told = "; ".join(f"{each.title}: {self.dropped[each.name].why}" for each in climbers[:3])
            raise RunError(
                f"every candidate collapsed or diverged ({told}); try other recipes, or lower rates with --set optimiser.lr"
            )
        scores = score({each.name: self.standings[each.name][rung].scores for each in healthy})
        self.scores[rung:] = [scores]
        ranked = sorted(healthy, key=lambda each: -scores[each.name])  # stable: of equals the earlier stays
        kept = self._kept(ranked, rung, self.rungs[rung + 1].climbers if rung + 1 < len(self.rungs) else 1)
        last = min(scores[each.name] for each in kept)
        for place, each in enumerate(ranked, start=1):
            if each not in kept:
                above = scores[each.name] >= last and any(one.default for one in kept)
                why = "not ahead of the default in both scores" if above else f"{last:.4g} was kept"
                self.dropped[each.name] = Dropped(
                    rung, f"number {place} of {len(ranked)}: score {scores[each.name]:.4g}, {'but' if above else 'and'} {why}"
                )

    def _kept(self, ranked: list[Candidate], rung: int, count: int) -> list[Candidate]:
        """The best, and always the default: what was once chosen with labels gives way only where both scores ask for it."""
        default = next((each for each in ranked if each.default), None)
        if default is None or (count > 1 and default in ranked[:count]):
            return ranked[:count]
        if count > 1:
            return [*ranked[: count - 1], default]
        usual = self.standings[default.name][rung].scores
        better = [each for each in ranked if ahead(self.standings[each.name][rung].scores, usual)]
        return [better[0] if better else default]

    def height(self, name: str, rung: int) -> float | None:
        """Where a candidate's score lies at a settled rung, from 0, the lowest there, to 1, the highest; None where it has none."""
        scores = self.scores[rung] if rung < len(self.scores) else {}
        if name not in scores:
            return None
        low, high = min(scores.values()), max(scores.values())
        return (scores[name] - low) / (high - low) if high > low else 1.0

    def to_json(self) -> dict[str, Any]:
        """What `ladder.json` holds."""
        return {
            "schema": SCHEMA,
            "choice": self.choice.name if self.choice else None,
            **{name: value for name, value in asdict(self).items() if name not in {"candidates"}},
            "candidates": [each.to_json() for each in self.candidates],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Ladder:
        """Read what `to_json` gave; `RunError` where it is not that."""
        try:
            if content["schema"] > SCHEMA:
                raise RunError("this ladder was written by a newer selflearn: pip install -U selflearn")
            return cls(
                content["budget"],
                content["course"],
                [Candidate(**each) for each in content["candidates"]],
                [Rung(**each) for each in content["rungs"]],
                {name: [Standing(**each) for each in reached] for name, reached in content["standings"].items()},
                content["scores"],
                {name: Dropped(**each) for name, each in content["dropped"].items()},
                content["check"],
                content["finished"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise RunError(f"this is not a ladder: {error!r}. Start the tuning anew with another --out") from error
