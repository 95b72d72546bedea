"""Continual backpropagation: units that are of little use are replaced by new ones, so that a network can go on learning.

Dohare et al., "Loss of Plasticity in Deep Continual Learning", 2024. After each update the least useful of the units that are old
enough get new incoming weights and none outgoing, at a small rate; all else is ordinary learning.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from selflearn.errors import RecipeError
from selflearn.networks import Units, hidden_units
from selflearn.ranks import rank_mean
from selflearn.training.randomness import seed_of
from selflearn.training.settings import ReplaceSettings

NOBODY = 2**32 - 1  # a rank that there is not: all ranks draw alike, and otherwise than any draws its views


class Replacing:
    """Watches the hidden units of a module while it trains, and replaces some after each update.

    With ``h`` a unit's values over an update's samples and ``w`` its outgoing weights, its utility is the running mean of
    ``mean |h| * sum |w|``, corrected for its beginning from zero as Adam's are. Ranks reduce: ``h`` is averaged over all of them,
    and all draw alike. A replaced unit's part in the optimiser's state is zero again.

    Parameters
    ----------
    module : what trains.
    settings : rate, maturity and memory.
    seed : of the run.

    Raises
    ------
    RecipeError : the module has no units that can be told apart.
    """

    def __init__(self, module: nn.Module, settings: ReplaceSettings, seed: int) -> None:
        self.settings, self.seed = settings, seed
        self.units = hidden_units(module)
        if not self.units:
            raise RecipeError("replace_units: no two layers of weights follow each other here, so there are no hidden units")
        self.state = [self._fresh(units) for units in self.units]
        self.sums = [self._nothing(units) for units in self.units]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Meanwhile the values of units are seen, as far as passes train."""
        hooks = [
            units.out.register_forward_pre_hook(lambda layer, args, place=place: self._see(place, args[0]))
            for place, units in enumerate(self.units)
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def after_update(self, step: int, optimiser: torch.optim.Optimizer) -> int:
        """Follow what was seen since the last update, and replace; how many units were."""
        generator = torch.Generator().manual_seed(seed_of(self.seed, step, NOBODY))
        return sum(self._follow(place, generator, optimiser) for place in range(len(self.units)))

    def state_dict(self) -> list[dict[str, Tensor]]:
        """What a checkpoint must hold: for each set of units its utility, mean values, ages, and how many are due."""
        return self.state

    def load_state_dict(self, saved: list[dict[str, Tensor]]) -> None:
        """Go on where `state_dict` was taken.

        Raises
        ------
        ValueError : it is of other units.
        """
        if [each["age"].shape for each in saved] != [each["age"].shape for each in self.state]:
            raise ValueError("the checkpoint is of other hidden units")
        self.state = [
            {name: value.to(own[name]) for name, value in each.items()} for each, own in zip(saved, self.state, strict=True)
        ]

    def _see(self, place: int, inputs: Tensor) -> None:
        if torch.is_grad_enabled() and self.units[place].out.training:
            values = self.units[place].seen(inputs)
            self.sums[place] += torch.stack([values.abs().mean(0), values.mean(0), torch.ones_like(values[0])])

    def _follow(self, place: int, generator: torch.Generator, optimiser: torch.optim.Optimizer) -> int:
        units, state, settings = self.units[place], self.state[place], self.settings
        seen = rank_mean(self.sums[place])
        self.sums[place] = self._nothing(units)
        if not bool(seen[2].any()):
            return 0
        strength, mean = seen[0] / seen[2], seen[1] / seen[2]
        outgoing = units.out.weight.detach().float().transpose(0, 1).flatten(1).abs().sum(1)
        state["age"] += 1
        state["utility"].lerp_(strength * outgoing, 1 - settings.memory)
        state["mean"].lerp_(mean, 1 - settings.memory)
        old = (state["age"] > settings.maturity).nonzero()[:, 0]
        state["due"] += settings.rate * len(old)
        count = min(int(state["due"]), len(old))
        if not count:
            return 0
        state["due"] -= count
        begun = 1 - settings.memory ** state["age"]
        which = old[(state["utility"] / begun)[old].topk(count, largest=False).indices]
        units.replace(which, state["mean"] / begun, generator)
        self._forget(units, which, optimiser)
        for name in ("age", "utility", "mean"):
            state[name][which] = 0.0
        return count

    def _forget(self, units: Units, which: Tensor, optimiser: torch.optim.Optimizer) -> None:
        for weight, where in units.slices(which):
            for kept in optimiser.state.get(weight, {}).values():
                if isinstance(kept, Tensor) and kept.shape == weight.shape:
                    kept[where] = 0.0

    def _fresh(self, units: Units) -> dict[str, Tensor]:
        zeros = units.into.weight.new_zeros(units.count, dtype=torch.float32)
        return {"age": zeros, "utility": zeros.clone(), "mean": zeros.clone(), "due": torch.zeros((), dtype=torch.float64)}

    def _nothing(self, units: Units) -> Tensor:
        return units.into.weight.new_zeros(3, units.count, dtype=torch.float32)
