"""The page of all measurements: what each command measures, and the figures it kept. Generated, so that no number is typed by hand.

python -m benchmarks.page
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
SHOWN = 6  # values of a list that are shown one by one; longer ones are counted

HEAD = """# Benchmarks

Each figure is made by a command that prints it and keeps it, with commit and machine, in `benchmarks/results`. The data are named
files: `digits` comes with scikit-learn; the others are `.npz` archives of the published sets with their training and test parts.
This page is generated from those results: `python -m benchmarks.page`.
"""


@dataclass(frozen=True)
class Section:
    """One command: its module, the results it keeps (a pattern of file names), and what they mean."""

    title: str
    module: str
    results: str
    command: str
    words: str


SECTIONS = (
    Section(
        "The demo",
        "demo",
        "demo*.json",
        "--seconds 60",
        "With ONE label a class, a logistic probe on the digits: the encoder after a minute of learning beside raw "
        "pixels, PCA and the untrained network, over many draws of which samples have labels. The aim is 8 points above "
        "the better of raw pixels and PCA.",
    ),
    Section(
        "Throughput",
        "throughput",
        "throughput-*.json",
        "--method simclr --encoder small --data cifar10_jpeg.npz --batch 256 --steps 40 --bare",
        "Samples a second from raw pictures to weight update. With `--bare` also those of the same network's forward, "
        "backward and update alone, on views already made: the limit of the machine, before and after. The aim is a "
        "share of 90 %.",
    ),
    Section(
        "Beside LightlySSL",
        "beside",
        "beside-*.json",
        "--data cifar10_jpeg.npz --encoder small --batch 256 --steps 40 --rounds 3 --peer-python PYTHON",
        "Samples a second beside LightlySSL's in turn: same network, batch, method (SimCLR) and data. `lightly` is LightlySSL "
        "as its documentation has it, `lightly_bf16` the same in bf16. Ratios are medians over rounds; above 1, selflearn is "
        "faster. The aims are 2.3 and 1.7 with the small network, 2.5 and 1.2 with ResNet-18.",
    ),
    Section(
        "Neighbours after minutes",
        "neighbours",
        "neighbours-*.json",
        "--data cifar10_jpeg.npz --minutes 5",
        "CIFAR-10 and the small network: accuracy of a vote of the 20 nearest neighbours, test against training part, "
        "beside raw pixels (also centred), the untrained network and, where its Python is given, LightlySSL.",
    ),
    Section(
        "Memory",
        "memory",
        "memory-*.json",
        "--data fashion_mnist.npz --encoder small --steps 60",
        "Peak memory in MB of learning on 60,000 pictures, above that of the bare model and its optimiser; each in a "
        "process of its own. The aim is less than 600 MB.",
    ),
    Section(
        "Verdicts",
        "verdicts",
        "verdicts-*.json",
        "--part all --budget 20s",
        "On digits, 20 s a run: whether every recipe ends as learned; whether a planted collapse (no stopped gradient "
        "in SimSiam, no variance term in VICReg, a learning rate times 1,000) is caught; and how many healthy runs "
        "raise a false alarm, with the upper bound of the rate.",
    ),
    Section(
        "Texts with ten labels a class",
        "texts",
        "texts-*.json",
        "--data trec sst2 clinc150",
        "Accuracy on the official test part of a logistic regression on ten labelled texts a class, mean and deviation over draws: "
        "a frozen encoder that learned from the training texts without labels, beside TF-IDF of words, of words and characters, "
        "100 leading directions of the latter (latent semantic analysis), and the untrained encoder. Each set of features gets the "
        "strength C that is best on development draws. Where TF-IDF is ahead, use TF-IDF.",
    ),
    Section(
        "Pace of every kind of data",
        "pace",
        "pace*.json",
        "--steps 40 --rounds 3",
        "For each kind and its default recipe: seconds from the command to the first update (imports, recognition and reading "
        "included), samples a second from raw samples to weight update, and their share of the pace of the bare method on views "
        "already made. The aim is a share of 85 %.",
    ),
)


def render(results: Path = RESULTS) -> str:
    """The page as Markdown, from the results in this folder; what is not measured says so."""
    parts = [HEAD]
    for section in SECTIONS:
        parts.append(f"## {section.title}\n\n{section.words}\n")
        parts.append(f"```console\n$ python -m benchmarks.{section.module} {section.command}\n```\n")
        kept = sorted(results.glob(section.results))
        parts.extend(_result(path) for path in kept)
        if not kept:
            parts.append("No result is kept yet.\n")
    return "\n".join(parts)


def _result(path: Path) -> str:
    record = json.loads(path.read_text(encoding="utf-8"))
    rows = "\n".join(f"| {_cell(name)} | {_cell(value)} |" for name, value in _rows(record["figures"]))
    made = f"`{record['command']}`, commit {record['commit'] or 'unknown'}, {record['date']}, {_machine(record['machine'])}"
    return f"### {path.stem}\n\n| figure | value |\n|---|---|\n{rows}\n\n{made}\n"


def _rows(figures: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Figures as (name, value), nested names joined; explanations in long sentences stay in the JSON."""
    for name, value in figures.items():
        full = f"{before}{name.replace('_', ' ')}"
        if name == "reasons":
            continue
        if isinstance(value, dict):
            yield from _rows(value, f"{full}: ")
        elif isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            for number, each in enumerate(value):
                yield from _rows(each, f"{full} {number + 1}: ")
        elif isinstance(value, list):
            yield full, _listed(value)
        else:
            yield full, _plain(value)


def _listed(values: list[Any]) -> str:
    if len(values) <= SHOWN:
        return "; ".join(_plain(each) for each in values) or "none"
    counted = Counter(_plain(each) for each in values)
    return ", ".join(f"{count} × {each}" for each, count in counted.most_common(SHOWN))


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value)
    if value is None:
        return "none"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _machine(machine: dict[str, Any]) -> str:
    """The words of the environment that a speed depends on."""
    threads = f"{machine['threads']} threads" if "threads" in machine else None
    torch = f"torch {machine['libraries']['torch']}" if "torch" in machine.get("libraries", {}) else None
    return ", ".join(filter(None, (machine.get("processor"), threads, machine.get("accelerator"), torch))) or "unknown machine"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def main() -> None:
    """Write docs/benchmarks.md, or the file named."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    path.write_text(render(), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
