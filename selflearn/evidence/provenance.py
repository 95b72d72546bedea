"""Where a result comes from: the commit that holds its statement, and the code that measured it."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from selflearn.errors import RunError

PACKAGE = Path(__file__).resolve().parents[1]
WITHOUT = ("cli/", "serving/", "estimator", "in_context.py", "workflow/", "evidence/")  # cannot change a score, but for these:
BUT = (
    "workflow/measuring.py",
    "workflow/answering.py",
    "workflow/predicting.py",
    "evidence/arms.py",
    "evidence/material.py",
    "evidence/scoring.py",
    "evidence/corruption.py",
)


def committed(files: Iterable[Path]) -> str | None:
    """The commit at which all these files stand as they are; None outside a git checkout (an installed wheel).

    Raises
    ------
    RunError : a file is not in the checkout's last commit, or has changed since.
    """
    files = [Path(file).resolve() for file in files]
    folder = files[0].parent
    head = _git(folder, "rev-parse", "HEAD")
    if head is None or _git(folder, "check-ignore", "-q", str(files[0])) is not None:
        return None
    for file in files:
        changed = _git(folder, "status", "--porcelain", "--untracked-files=all", "--", str(file))
        if changed or _git(folder, "ls-files", "--error-unmatch", "--", str(file)) is None:
            raise RunError(
                f"{file} differs from what is committed. A claim and its settings are committed before they are measured: "
                f"commit them first. To find settings, tune with seeds of 100 and above."
            )
    return head


def text_at(commit: str, file: str) -> str | None:
    """What a file of the package (path from its top) held at a commit; None where this checkout does not know the commit.

    A shallow clone, a squashed history and an installed wheel know none of them; then there is nothing to compare.
    """
    if _git(PACKAGE, "cat-file", "-e", f"{commit}^{{commit}}") is None:
        return None
    return _git(PACKAGE, "show", f"{commit}:./{file}") or ""


def uncommitted() -> list[str]:
    """Source files that can change a score and differ from the last commit, or are not in it: paths from the package's top.

    Empty outside a git checkout, where there is no commit to differ from.
    """
    changed = _git(PACKAGE, "diff", "--name-only", "--relative", "HEAD", "--", ".") or ""
    new = _git(PACKAGE, "ls-files", "--others", "--exclude-standard", "--", ".") or ""
    names = sorted({*changed.splitlines(), *new.splitlines()})
    return [name for name in names if name.endswith((".py", ".yaml")) and _counts(name)]


@cache
def code_version(families: tuple[str, ...] | None = None) -> str:
    """A hash of every source file of selflearn that can change a score, as they were when this process first asked.

    Parameters
    ----------
    families : of methods that take part, so that a new method elsewhere makes no value old; None for all of them.
    """
    total = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        room, *family = Path(name).parent.parts or ("",)
        foreign = families is not None and room == "methods" and bool(family) and family[0] not in families
        if _counts(name) and not foreign:
            total.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def _counts(name: str) -> bool:
    return name in BUT or not name.startswith(WITHOUT)


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, or None if it fails or is not there."""
    try:
        done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=30)  # noqa: S603, S607
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
