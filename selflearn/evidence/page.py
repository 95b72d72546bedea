"""The page of all systems, generated: family by family, in our own words, with verdict, numbers and command."""

from __future__ import annotations

import re
import sys
from itertools import groupby
from pathlib import Path

from selflearn.evidence.catalogue import SystemRow, systems, tally

SPELT = {"llm": "LLM", "ssl": "SSL", "jepa": "JEPA", "peft": "PEFT", "3d": "3D", "recsys": "recommender"}
HEAD = """# The published systems

Each of the {count} systems below is a published method, analysis or application of learning without labels, described in our own
words. An experiment states its claim, data, margin, measure and seeds in code, is committed, and only then measured; the paired
difference and its 95 % interval alone decide.

| verdict | systems | meaning |
|---|---:|---|
| holds | {holds} | the whole interval lies above the margin |
| does not hold | {does not hold} | the whole interval lies below the margin |
| inconclusive | {inconclusive} | the interval straddles the margin |
| open | {open} | not yet tried here |
| same as | {same as} | one work entered twice |
| not a method | {not a method} | a survey, benchmark or tool that claims nothing an experiment could settle |

**Decided (holds or does not hold): {decided} of the {possible} that can be, {share:.1%}.**

This page is generated; `selflearn systems --status holds` lists the same on the command line, and `selflearn evidence check` checks
every stored result against its seal and its statement.
"""


def write_page(path: str | Path) -> None:
    """Write the page as Markdown, e.g. to ``docs/systems.md``."""
    Path(path).write_text(render(systems()), encoding="utf-8")


def render(rows: list[SystemRow]) -> str:
    """The page for these rows."""
    counts = tally(rows)
    decided = counts["holds"] + counts["does not hold"]
    possible = len(rows) - counts["same as"] - counts["not a method"]
    parts = [HEAD.format(count=len(rows), decided=decided, possible=possible, share=decided / max(possible, 1), **counts)]
    by_family = sorted(rows, key=lambda row: (row.family, row.id))
    for family, group in groupby(by_family, key=lambda row: row.family):
        parts.append(_section(family, list(group)))
    return "\n".join(parts)


def _section(family: str, rows: list[SystemRow]) -> str:
    name = re.sub(r"\b(self|semi|co|test|post) ", r"\1-", " ".join(SPELT.get(word, word) for word in family.split("-")))
    lines = [f"## {name[0].upper()}{name[1:]}", "", "| system | in our words | verdict |", "|---|---|---|"]
    lines.extend(f"| {_name(row)} | {_cell(row.words)} | {_verdict(row)} |" for row in rows)
    return "\n".join(lines) + "\n"


def _name(row: SystemRow) -> str:
    return f'<span id="{row.id.lower()}"></span>**{row.id}** {_cell(row.title)}'


def _verdict(row: SystemRow) -> str:
    if row.status.startswith("same as"):
        other = row.status.removeprefix("same as ")
        return f"same as [{other}](#{other.lower()}). {_cell(row.system.why)}"
    if row.status == "not a method":
        return f"not a method. {_cell(row.system.why)}"
    if not row.numbers:
        return row.status
    return f"**{row.status}**. {_cell(row.numbers)}<br>`{row.command}`"


def _cell(text: str) -> str:
    """Text as it may stand in a Markdown table."""
    return re.sub(r"([|$*_])", r"\\\1", text.replace("\n", " ").replace("<", "&lt;"))


if __name__ == "__main__":
    write_page(sys.argv[1] if len(sys.argv) > 1 else "docs/systems.md")
