"""A batch: what `collate` makes of samples. Kinds of data add fields by subclassing; every tensor field has one row a sample."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor

from selflearn.data.questions import Question

Self = TypeVar("Self", bound="Batch")


@dataclass
class Batch:
    """Samples of one kind, as tensors.

    Attributes
    ----------
    values : (batch, ...) what the kind's views and encoders read. Raw from a dataset (uint8 pictures, say) until a view has
        brought it to the unit scale of its kind.
    index : (batch,) int64, each sample's position in its dataset.
    labels : (batch,) int64 class numbers, -1 where nobody knows.
    lengths : (batch,) int64, the valid length of each padded sample, or None.
    mask : (batch, length) bool, True where a padded position is real, or None.
    groups : (batch,) int64 group numbers (participant, speaker, site), or None where unknown.
    changes : what a view did to each sample: name -> tensor of (batch, ...).
    scope : "global" for a view of (nearly) the whole sample, "local" for a small part of it.
    questions : what a view asks a method to tell: name -> question. They are about this batch as it is: a part of it has none.
    """

    values: Tensor
    index: Tensor
    labels: Tensor
    lengths: Tensor | None = None
    mask: Tensor | None = None
    groups: Tensor | None = None
    changes: dict[str, Tensor] = field(default_factory=dict)
    scope: str = "global"
    questions: dict[str, Question] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def device(self) -> torch.device:
        """Where the samples lie."""
        return self.values.device

    def to(self: Self, device: torch.device | str, non_blocking: bool = False) -> Self:
        """The same batch on another device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self: Self) -> Self:
        """The same batch in page-locked memory, for an overlapped copy to a GPU."""
        return self._map(lambda tensor: tensor.pin_memory())

    def select(self: Self, rows: Tensor) -> Self:
        """The samples at `rows` (int64 positions or a bool mask of (batch,))."""
        return dataclasses.replace(self, questions={})._map(lambda tensor: tensor[rows])

    def fits(self, other: Batch) -> bool:
        """Whether `join` can put the two together: equal scope, and samples of equal shape."""
        return self._shapes() == other._shapes()

    @classmethod
    def join(cls: type[Self], batches: Sequence[Self]) -> Self:
        """The samples of several batches that fit, one batch after the other; `changes` and `questions` are not kept.

        Kinds whose samples do not lie along the first axis (packed graphs) override this, `fits` and `select`.
        """
        if len(batches) == 1:
            return batches[0]
        parts = [each._tensors() for each in batches]
        whole: dict[str, Any] = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        return dataclasses.replace(batches[0], **whole, changes={}, questions={})

    def replace(self: Self, **fields: Any) -> Self:
        """A copy with some fields replaced; `changes` are merged into those already kept."""
        if "changes" in fields:
            fields["changes"] = {**self.changes, **fields["changes"]}
        return dataclasses.replace(self, **fields)

    def _tensors(self) -> dict[str, Tensor]:
        fields = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        return {name: value for name, value in fields.items() if isinstance(value, Tensor)}

    def _shapes(self) -> tuple[object, ...]:
        return self.scope, *((name, value.shape) for name, value in self._tensors().items())

    def _map(self: Self, change: Callable[[Tensor], Tensor]) -> Self:
        fields: dict[str, Any] = {}
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Tensor):
                fields[each.name] = change(value)
            elif isinstance(value, dict):
                fields[each.name] = {
                    name: part.mapped(change) if isinstance(part, Question) else change(part) for name, part in value.items()
                }
        return dataclasses.replace(self, **fields)
