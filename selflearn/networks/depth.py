"""How deep in a network each parameter lies, read off the network itself: no encoder need say it."""

from __future__ import annotations

from torch import nn

from selflearn.errors import RecipeError


def layer_depths(encoder: nn.Module) -> tuple[dict[str, int], int]:
    """The layer of every parameter, by its name, and the number of what lies above all layers.

    Layers are the members of the sequence that holds most of the encoder's weights (the blocks of a transformer, the residual
    blocks of a convolutional trunk), counted from 1; a member without a matrix (a norm) belongs to the one before it. What is
    registered before them (embeddings, class and mask tokens) is layer 0, what comes after them one more than the last.

    Raises
    ------
    RecipeError : there is no sequence of at least two layers.
    """
    sequences = {name: module for name, module in encoder.named_modules() if isinstance(module, nn.ModuleList | nn.Sequential)}
    numbered = {name: _numbered(module) for name, module in sequences.items()}
    usable = [name for name, members in numbered.items() if max(members.values(), default=0) > 1]
    if not usable:
        raise RecipeError(
            f"{type(encoder).__name__} has no sequence of layers, so none can learn slower than another: layer_decay = 1"
        )
    largest = max(usable, key=lambda name: sum(weight.numel() for weight in sequences[name].parameters()))
    layers = {f"{largest}.{child}.".lstrip("."): number for child, number in numbered[largest].items()}
    top = max(layers.values())
    depths: dict[str, int] = {}
    began = False
    for name, _ in encoder.named_parameters():
        found = next((layer for prefix, layer in layers.items() if name.startswith(prefix)), None)
        began = began or found is not None
        depths[name] = found if found is not None else top + 1 if began else 0
    return depths, top + 1


def _numbered(sequence: nn.Module) -> dict[str, int]:
    """The layer of each member by its name."""
    found: dict[str, int] = {}
    count = 0
    for name, member in sequence.named_children():
        count += any(weight.ndim > 1 for weight in member.parameters())
        found[name] = max(count, 1)
    return found
