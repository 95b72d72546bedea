"""What a stated function is made of: its own text, and that of every helper and constant of the experiments that it uses.

Helpers in the rest of selflearn are part of `provenance.code_version`; those beside an experiment are found here, by reading the
text of its module, so that neither comments nor what a run left in a variable count.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from selflearn.evidence.seal import digest

EXPERIMENTS = "selflearn.evidence.experiments"


def source(function: Callable[..., Any]) -> str:
    """The name of a function and a hash of all it is made of: what identifies it in a statement."""
    own = inspect.getsource(function)
    parts = closure(function)
    return f"{function.__module__}.{function.__qualname__}@{digest({'': own, **parts} if parts else own)[:12]}"


def closure(function: Callable[..., Any]) -> dict[str, str]:
    """Name -> text of each helper, class and constant of the experiments' own modules that a function leads to, and the plain
    values that a factory enclosed in it.

    Modules of selflearn other than its experiments are not followed.
    """
    found: dict[str, str] = {}
    waiting = [(function.__module__, name) for name in _names(function.__code__)]
    for name, value in inspect.getclosurevars(function).nonlocals.items():
        if inspect.isfunction(value):
            waiting.append((value.__module__, value.__qualname__.split(".")[0]))
        elif isinstance(value, str | int | float | tuple | None):
            found[f"{function.__qualname__}.{name}"] = json.dumps(value, default=str)
    while waiting:
        module, name = waiting.pop()
        if f"{module}.{name}" in found or not _followed(module):
            continue
        text = _Text.of(module)
        if name in text.imported:
            waiting.append(text.imported[name])
        elif name in text.defined and name != function.__qualname__:
            found[f"{module}.{name}"] = ast.unparse(text.defined[name])
            waiting.extend((module, node.id) for node in ast.walk(text.defined[name]) if isinstance(node, ast.Name))
    return found


def _followed(module: str) -> bool:
    return module.startswith(EXPERIMENTS) or module.split(".", maxsplit=1)[0] != "selflearn"


@dataclass
class _Text:
    """What a module defines at its top, and the names it takes from modules that are followed."""

    defined: dict[str, ast.stmt] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, module: str) -> _Text:
        text = cls()
        try:
            tree = ast.parse(inspect.getsource(sys.modules[module]))
        except (OSError, KeyError, TypeError):  # nothing was written down
            return text
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                text.defined[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
                text.defined.update(dict.fromkeys(names, node))
            elif isinstance(node, ast.ImportFrom) and node.module and _own(node.module, module):
                text.imported.update({alias.asname or alias.name: (node.module, alias.name) for alias in node.names})
        return text


def _own(module: str, user: str) -> bool:
    """Experiments import from one another, a person's own modules from their package."""
    return module.startswith(EXPERIMENTS) or (
        _followed(module) and module.split(".", maxsplit=1)[0] == user.split(".", maxsplit=1)[0]
    )


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
