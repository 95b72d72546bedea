"""What objectives refuse before they compute: tensors that do not belong together, settings out of range."""

from __future__ import annotations

from torch import Tensor

from selflearn.errors import RecipeError


def check_alike(name: str, first: Tensor, second: Tensor, axes: int | None = 2) -> None:
    """Raise `RecipeError` unless both tensors have one shape, with `axes` axes (None: any number)."""
    if first.shape != second.shape or (axes is not None and first.ndim != axes):
        wanted = "equal shapes" if axes is None else f"two tensors of one shape with {axes} axes"
        raise RecipeError(f"{name} needs {wanted}, not {tuple(first.shape)} and {tuple(second.shape)}")


def check_positive(name: str, **settings: float) -> None:
    """Raise `RecipeError` unless every setting is above zero."""
    for setting, value in settings.items():
        if not value > 0:
            raise RecipeError(f"{name}: {setting} must be above zero, not {value}")
