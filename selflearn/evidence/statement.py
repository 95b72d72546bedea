"""What an experiment claims and how it will be decided, stated in code before anything is measured.

A claim becomes contrasts: per seed, one number that must lie above a margin. All of them must, for the claim to hold.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from selflearn.errors import RunError
from selflearn.evidence.arms import Arm
from selflearn.evidence.closure import source
from selflearn.evidence.seal import digest

Scores = Mapping[str, Mapping[str, float]]
TUNING_SEEDS = 100  # seeds from here on choose settings; those below measure
LEAST_SEEDS = 5  # of a full run: with fewer, a t interval says little


@dataclass(frozen=True)
class Contrast:
    """One part of a claim: a number a seed, and the margin it must exceed.

    Attributes
    ----------
    what : the number in words, e.g. "barlow-twins minus raw, 16 labels a class".
    margin : the claim's part holds if the whole interval of the number lies above it.
    difference : from the scores of one seed (arm -> measure -> value) to the number. A named function: its source is part of
        the statement.
    formula : how the number is made, for the statement; by default the source of `difference` and a hash of its helpers.
    """

    what: str
    margin: float
    difference: Callable[[Scores], float]
    formula: str = ""

    def state(self) -> dict[str, Any]:
        """Plain JSON."""
        stated = {"what": self.what, "margin": self.margin}
        if self.formula:
            return {**stated, "formula": self.formula}
        return {**stated, "formula": inspect.getsource(self.difference), "source": source(self.difference)}


def better(arm: str, than: str, measure: str, margin: float) -> Contrast:
    """`arm` is above `than` in `measure` by more than `margin`; a negative margin states that it is not worse by more than that."""
    formula = f"{arm} [{measure}] - {than} [{measure}]"
    return Contrast(f"{arm} minus {than}, {measure}", margin, lambda scores: scores[arm][measure] - scores[than][measure], formula)


def beats(arm: str, baselines: Sequence[str], measure: str, margin: float) -> tuple[Contrast, ...]:
    """`arm` is better than each of `baselines`."""
    return tuple(better(arm, than, measure, margin) for than in baselines)


@dataclass(frozen=True)
class Size:
    """How much of everything a run takes.

    Attributes
    ----------
    samples : what each arm learns from, drawn anew for each seed.
    budget : of each learning arm; in steps, epochs or samples, so that it can be repeated anywhere.
    seeds : the first so many of the experiment's seeds; None takes all.
    tested : how many samples of the test part are scored; None takes all.
    """

    samples: int
    budget: str
    seeds: int | None = None
    tested: int | None = None

    def __post_init__(self) -> None:
        if not self.budget.endswith(("steps", "epochs", "samples")):
            raise RunError(
                f"an experiment's budget is in steps, epochs or samples, not {self.budget!r}: a time cannot be repeated elsewhere"
            )


@dataclass(frozen=True)
class Tuning:
    """How a setting was found: every arm named here over the same grid, on tuning seeds and the development part.

    Attributes
    ----------
    setting : dotted key of a recipe, e.g. "optimiser.lr".
    grid : the values tried; an arm's choice is the one with the highest mean over the seeds (of equals the smaller).
    seeds : all of 100 and above.
    judged : arm -> the measure that chooses for it.
    chosen : arm -> the value it runs with.
    """

    setting: str
    grid: tuple[float, ...]
    seeds: range
    judged: Mapping[str, str]
    chosen: Mapping[str, float]

    def check(self, name: str, arms: Mapping[str, Arm]) -> None:
        """Raise `RunError` where an arm does not run with its choice, or the choice was not among the values tried."""
        if min(self.seeds, default=0) < TUNING_SEEDS:
            raise RunError(f"experiment {name!r}: tuning takes seeds of {TUNING_SEEDS} and above")
        for arm, value in self.chosen.items():
            used = arms[arm].state().get("changes", {}).get(self.setting) if arm in arms else None
            if value not in self.grid or used != value or arm not in self.judged:
                raise RunError(f"experiment {name!r}: {arm!r} runs with {self.setting} {used}, and tuning chose {value}")

    def state(self) -> dict[str, Any]:
        """Plain JSON."""
        lists = {"grid": list(self.grid), "seeds": list(self.seeds), "judged": dict(self.judged), "chosen": dict(self.chosen)}
        return {"setting": self.setting, "part": "development", **lists}


@dataclass(frozen=True)
class Experiment:
    """A claim about published systems, and all that decides it.

    Attributes
    ----------
    name : unique; names the result's file.
    systems : ids of the catalogue, e.g. ("S029",).
    claim : one sentence that the contrasts spell out in numbers.
    data : a name of `selflearn.evidence.material`.
    arms : name -> what is run for each seed.
    contrasts : see `Contrast`, `better`, `beats`.
    seeds : of measured runs, all below 100.
    quick : about 3 minutes on two cores: shows that the mechanism works.
    full : up to 30 minutes, at least five seeds: gives the number that is shown.
    tuning : how settings that arms do not share were found, where there are any.
    """

    name: str
    systems: tuple[str, ...]
    claim: str
    data: str
    arms: Mapping[str, Arm]
    contrasts: tuple[Contrast, ...]
    seeds: range
    quick: Size
    full: Size
    tuning: Tuning | None = None

    def __post_init__(self) -> None:
        if not self.seeds or max(self.seeds) >= TUNING_SEEDS:
            raise RunError(f"experiment {self.name!r}: measured seeds lie below {TUNING_SEEDS}; those above are for tuning")
        if len(self.seeds_of("full")) < LEAST_SEEDS:
            raise RunError(f"experiment {self.name!r}: a full run needs at least {LEAST_SEEDS} seeds")
        if not self.contrasts or not self.arms or not self.systems:
            raise RunError(f"experiment {self.name!r} needs systems, arms and at least one contrast")
        if self.tuning is not None:
            self.tuning.check(self.name, self.arms)

    def size(self, name: str) -> Size:
        """The size called "quick" or "full"."""
        if name not in {"quick", "full"}:
            raise RunError(f"an experiment has the sizes quick and full, not {name!r}")
        return self.quick if name == "quick" else self.full

    def seeds_of(self, size: str) -> list[int]:
        """The seeds of this size's measured run."""
        return list(self.seeds)[: self.size(size).seeds]

    def state(self) -> dict[str, Any]:
        """The statement as plain JSON: equal statements are equal here, whatever file they stand in."""
        return {
            "name": self.name,
            "systems": list(self.systems),
            "claim": self.claim,
            "data": self.data,
            "arms": {name: arm.state() for name, arm in self.arms.items()},
            "contrasts": [contrast.state() for contrast in self.contrasts],
            "seeds": list(self.seeds),
            "quick": asdict(self.quick),
            "full": asdict(self.full),
            **({"tuning": self.tuning.state()} if self.tuning is not None else {}),
        }

    def fingerprint(self) -> str:
        """The hash of the statement."""
        return digest(self.state())
