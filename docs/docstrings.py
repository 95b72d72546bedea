"""How this project writes numpy docstrings, told to griffe: `name : what it is`, with the type in the signature alone."""

from __future__ import annotations

import re
from typing import Any

from griffe import Extension, Object

_PAIRS = {"Parameters", "Attributes", "Raises"}
_RENAMED = {"Example": "Examples"}
_PROSE = {"Settings", "Class attributes", "Changes"}


class ProseDocstrings(Extension):
    """Rewrites each docstring before it is parsed; the source is untouched."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Called once for each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = numpy_style(obj.docstring.value)


def numpy_style(text: str) -> str:
    r"""The docstring with descriptions on lines of their own.

    Example
    -------
    >>> print(numpy_style("Add.\n\nParameters\n----------\na, b : whole numbers.\n\nReturns\n-------\ntheir sum"))
    Add.
    <BLANKLINE>
    Parameters
    ----------
    a, b
        whole numbers.
    <BLANKLINE>
    Returns
    -------
    :
        their sum
    """
    lines, section, written = _prose_first(_source_first(text)).splitlines(), "", []
    for number, line in enumerate(lines):
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        if following and not following.strip("-") and line and not line[0].isspace():
            section, first = line.strip(), True
            written.append(f"**{section}**" if section in _PROSE else _RENAMED.get(section, line))
        elif section and line and not line.strip("-"):
            written.append("" if section in _PROSE else line)
        elif section == "Returns" and line.strip():
            written += [":", "    " + re.sub(r"^[\w.]+ : ", "", line)] if first else [f"    {line.strip()}"]
            first = False
        elif section in _PROSE and line and not line[0].isspace():
            written.append(re.sub(r"^([\w, *]+?) : ", r"- `\1`: ", line))
        elif section in _PAIRS and " : " in line and not line[0].isspace():
            names, words = line.split(" : ", 1)
            written += (
                [part for name in names.split(", ") for part in (name, f"    {words}")]
                if section == "Raises"
                else [names, f"    {words}"]
            )
        else:
            written.append(line)
    return "\n".join(written)


def _prose_first(text: str) -> str:
    """Move sections that become prose before those that are parsed: numpy style would take their lines for more of the same."""
    head, *sections = re.split(r"\n\n(?=[A-Z][\w ]*\n-{3,}\n)", text.rstrip())
    prose = [section for section in sections if section.split("\n", 1)[0] in _PROSE]
    return "\n\n".join([head, *prose, *(section for section in sections if section not in prose)])


def _source_first(text: str) -> str:
    """Move the line of the source out of the section it stands in: numpy style knows no end of a section but the next one."""
    source = re.search(r"\n\nSource: .*?(?=\n\n|\s*\Z)", text, re.DOTALL)
    section = re.search(r"\n\n[A-Z][\w ]*\n-{3,}\n", text)
    if source is None or section is None or source.start() < section.start():
        return text
    rest = text[: source.start()] + text[source.end() :]
    return rest[: section.start()] + source.group() + rest[section.start() :]
