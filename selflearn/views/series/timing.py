"""Changes of time: windows cut out, time that runs faster and slower, segments in another order."""

from __future__ import annotations

import torch
from torch import Tensor

from selflearn.data.batch import Batch
from selflearn.data.series.statistics import at_places
from selflearn.views import checks
from selflearn.views.drawn import between, uniform
from selflearn.views.series.changes import SeriesView, lengths_of, normal


class Crop(SeriesView):
    """A part of each series, stretched to the length that the whole had: a change of tempo and of what is seen.

    Parameters
    ----------
    share : (least, most) of the series that is kept, in (0, 1].

    Changes
    -------
    crop : (batch, 2) begin and share.
    """

    def __init__(self, share: tuple[float, float] = (0.5, 1.0)) -> None:
        self.share = checks.span(self, "share", share, 0.01, 1.0)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Where each part lies."""
        numbers = uniform(batch, 2, generator)
        share = between(numbers[:, :1], self.share)
        return {"crop": torch.cat([numbers[:, 1:] * (1 - share), share], dim=1)}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The stretched parts."""
        return at_places(batch.values, self.source(batch, changes, steps_of(batch)))

    @staticmethod
    def source(batch: Batch, changes: dict[str, Tensor], steps: Tensor) -> Tensor:
        """(batch, n) which step of the series comes at each of (n,) or (batch, n) steps."""
        begin, share = changes["crop"].split(1, dim=1)
        last = lengths_of(batch) - 1
        return torch.minimum(begin * last + steps * share, last)


class Window:
    """Consecutive steps of each series, as many for the whole batch: nothing is stretched, and there is less to encode.

    A series that is shorter than the window keeps all it has.

    Parameters
    ----------
    share : (least, most) of the batch's length, drawn once a batch.
    least : fewest steps.
    scope : "local" for views that show a small part.
    """

    def __init__(self, share: tuple[float, float] = (0.5, 1.0), least: int = 8, scope: str = "global") -> None:
        self.share = checks.span(self, "share", share, 0.01, 1.0)
        self.least, self.scope = checks.whole(self, "least", least, 1, 1_000_000), scope

    def __call__(self, batch: Batch, generator: torch.Generator) -> Batch:
        """The windows, with `lengths` and `mask` where series differ in length."""
        with torch.no_grad():
            length = batch.values.shape[2]
            numbers = uniform(batch, 2, generator)
            steps = min(length, max(self.least, round(float(between(numbers[0, :1], self.share)) * length)))
            room = (lengths_of(batch) - steps).clamp(min=0)
            begin = (numbers[:, 1:] * (room + 1)).floor().clamp(max=room.max()).long()
            begin = torch.minimum(begin, room.long())
            places = begin + torch.arange(steps, device=batch.device)
            values = batch.values.gather(2, places[:, None].expand(-1, batch.values.shape[1], -1))
            known = {} if batch.lengths is None else {"lengths": batch.lengths.clamp(max=steps)}
            if batch.mask is not None:
                known["mask"] = batch.mask.gather(1, places)
            return batch.replace(values=values, changes={"window": begin}, scope=self.scope, **known)


class Warp(SeriesView):
    """Time runs faster and slower, smoothly, and ends where it ended.

    Um et al., "Data Augmentation of Wearable Sensor Data for Parkinson's Disease Monitoring using Convolutional Neural Networks",
    2017.

    Parameters
    ----------
    deviation : >= 0, of the logarithm of the speed.
    knots : places between which the speed changes evenly.

    Changes
    -------
    speed : (batch, knots) logarithm of the speed.
    """

    def __init__(self, deviation: float = 0.2, knots: int = 4) -> None:
        self.deviation = checks.number(self, "deviation", deviation, 0.0, 3.0)
        self.knots = checks.whole(self, "knots", knots, 2, 100)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """The speed at each knot."""
        return {"speed": self.deviation * normal(batch, (len(batch), self.knots), generator)}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The warped series."""
        return at_places(batch.values, self._course(batch, changes))

    @staticmethod
    def source(batch: Batch, changes: dict[str, Tensor], steps: Tensor) -> Tensor:
        """(batch, n) where in the series each of (batch, n) steps comes from."""
        return at_places(Warp._course(batch, changes)[:, None], steps)[:, 0]

    @staticmethod
    def _course(batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """(batch, length) where in the series each step comes from."""
        last = lengths_of(batch) - 1
        along = (steps_of(batch) / last.clamp(min=1)).clamp(max=1) * (changes["speed"].shape[1] - 1)
        speed = at_places(changes["speed"][:, None].to(torch.float32), along)[:, 0].exp()
        moved = speed.cumsum(dim=1) - speed[:, :1]
        end = moved.gather(1, last.long())
        return torch.minimum(moved / end.clamp(min=1e-6) * last, last)


class Permute(SeriesView):
    """Segments of equal length change places.

    Parameters
    ----------
    segments : how many, at least 2.

    Changes
    -------
    order : (batch, segments) which segment comes at each place.
    """

    def __init__(self, segments: int = 4) -> None:
        self.segments = checks.whole(self, "segments", segments, 2, 1000)

    def draw(self, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """An order for each series."""
        return {"order": uniform(batch, self.segments, generator).argsort(dim=1)}

    def changed(self, batch: Batch, changes: dict[str, Tensor]) -> Tensor:
        """The series in another order."""
        source = self.source(batch, changes, steps_of(batch).expand(len(batch), -1)).round()
        return at_places(batch.values, torch.minimum(source, lengths_of(batch) - 1))

    @staticmethod
    def source(batch: Batch, changes: dict[str, Tensor], steps: Tensor) -> Tensor:
        """(batch, n) which step of the series comes at each of (batch, n) steps."""
        segments = changes["order"].shape[1]
        long = lengths_of(batch) / segments
        place = (steps / long).floor().clamp(0, segments - 1)
        return changes["order"].gather(1, place.long()) * long + (steps - place * long)


def steps_of(batch: Batch) -> Tensor:
    """(length,) the number of each step."""
    return torch.arange(batch.values.shape[2], device=batch.device)


def places(view: Batch, points: Tensor) -> Tensor:
    """(batch, points) shares of a view's length to steps of the whole series, by what `Window`, `Crop`, `Warp` and `Permute` did.

    They are undone in the order in which views of series apply them.
    """
    steps = points * view.values.shape[2] - 0.5
    for name, change in (("order", Permute), ("speed", Warp), ("crop", Crop)):
        if name in view.changes:
            steps = change.source(view, view.changes, steps)
    return steps + view.changes["window"] if "window" in view.changes else steps
