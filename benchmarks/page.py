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
        "--data cifar10_jpeg.npz --encoder small --sides 32 96 --peer-python PYTHON",
        "Samples a second and memory beside LightlySSL's in turn: same network, heads, batch, method and pictures. `lightly` is "
        "LightlySSL as its documentation has it, `lightly_bf16` the same in bf16. Above 1, selflearn is faster; below 1, it holds "
        "less. The aims are 2.5 and, in bf16, 1.25 with ResNet-18 and 1.8 with the small network, with no more memory.",
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
        "Shards",
        "shards",
        "shards.json",
        "--pictures 10000 --side 128",
        "Pictures a second, decoded anew for each batch by one worker process, from the same JPEG files in a folder, in tars, in "
        "Parquet, and in a bucket of an S3-compatible server on the same machine (which shares its cores). `first_read` looks "
        "through everything once, `second_read` finds the index; tars were packed by `selflearn pack`, whose index spares even "
        "the first. The machine was busy with other work: `pictures_a_processor_second`, of reader and worker together, is what "
        "can be compared. Peaks are of the reading process and of its worker.",
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
        "Spoken digits of speakers never heard",
        "sound",
        "sound*.json",
        "--epochs 3",
        "Six speakers, each left out in turn: accuracy of a linear probe on a frozen encoder that has never heard the speaker; "
        "its regularisation is chosen inside the training speakers. Beside it, in the same run: dull features under the same "
        "probe, the untrained encoder, and (`allowed`) an encoder that has heard that speaker's recordings too, without labels. "
        "The aim is 0.75; 20 stacked log-mel frames without each recording's mean gave 0.666 before.",
    ),
    Section(
        "Graphs: the nodes of Cora",
        "graphs",
        "graphs-cora*.json",
        "--part cora --recipes default graph-mae --seeds 3 --steps 300",
        "Cora's public split (140 labels, 1,000 test nodes): accuracy of a logistic probe on frozen embeddings, its scaling and C "
        "chosen on the 500 validation nodes, which also chose the recipes' numbers (on other seeds). Beside it features alone, "
        "features averaged twice over neighbours with nothing trained, and the untrained networks. The aims are 0.825 and 0.835.",
    ),
    Section(
        "Graphs: whole ones",
        "graphs",
        "graphs-tu*.json",
        "--part tu --sets mutag --recipes graph-mae --seeds 3 --steps 100",
        "MUTAG, PROTEINS and NCI1 by their ten folds: accuracy of a support vector machine on frozen embeddings, its kernel, "
        "C and the pooling of nodes chosen inside each training part. Beside it statistics of nodes and degrees with counts of "
        "Weisfeiler-Lehman patterns, the embeddings side by side with these, and the untrained networks. The interval is over "
        "folds; the aim is that it reaches the published figure.",
    ),
    Section(
        "Series: UCR and UEA archives",
        "series_ucr",
        "series-ucr.json",
        "--seeds 0 1 2",
        "Accuracy on the official test parts of a support vector machine (RBF kernel, its width by the features' variance, C "
        "by cross-validation inside the training part, as TS2Vec does) on a frozen encoder that saw the training part alone, "
        "beside the untrained encoder, 1-NN by Euclidean distance, the raw series and statistics of it. As many series are "
        "seen as TS2Vec sees. The aim is a mean over the seven sets above TS2Vec's 0.865.",
    ),
    Section(
        "Series: forecasting ETTh1",
        "series_forecast",
        "series-etth1.json",
        "--seeds 0 1 2 --steps 300",
        "Mean squared error on standardised series, all seven of them, usual division (8,640 / 2,880 / 2,880 rows), look-back "
        "of 336 steps: PatchTST's masked learning, frozen, and one ridge regression a horizon on its tokens, beside the same "
        "regression on the raw window, on the untrained encoder's tokens, and simple rules. The aim is at most 1.05 times "
        ".322, .354, .419, .445 and .487 for 24, 48, 168, 336 and 720 steps.",
    ),
    Section(
        "Series: sensors of people never seen",
        "series_sensors",
        "series-[cs][hk]*.json",
        "--data chest skeletons --seeds 0 1 2",
        "A chest accelerometer in windows of four seconds, subjects 13 to 15 as test part: accuracy and macro-F1 with 1 % of "
        "labels, ten draws, of a logistic regression and a random forest. Skeletons of MSR Action3D, every second subject as "
        "test part, all labels, logistic regression. The encoder holds statistics of its input beside what it learned; these "
        "alone, and what was learned alone, are given too. The aims are more than window statistics, and 0.840.",
    ),
    Section(
        "A hundred labels on tables",
        "tables",
        "tables*.json",
        "--draws 20",
        "An encoder learns from the training rows without labels and stays as it is; then logistic or ridge regression, boosting "
        "and a forest are fitted on 100 labelled rows: on raw columns and on the embedding. Beside them stands the mean of what "
        "the three say, and under `both` the mean of what is said of raw columns and of the embedding. Accuracy on the test part, "
        "R2 for California: mean and deviation over draws of labels, and the average over tables. The last lines are the mean "
        "gain and two standard errors over draws, with one encoder a table. `tables-priors` has no encoder, and beside the raw "
        "columns two networks that learned from 8,000 made-up tables each (`--steps 0 --priors CLASSES NUMBERS`), which are those "
        "of `selflearn learn prior:table --budget 500steps --precision 32` with `--read classes=7` and `classes=0`. The aim is the "
        "best average.",
    ),
    Section(
        "Functions told in context",
        "in_context",
        "in-context-*.json",
        "runs/gp",
        "New functions of a Gaussian process whose length scale nobody knows, told by a network that learned from that prior, in "
        "one pass; by scikit-learn's Gaussian process, its length scale and noise fitted to each context; and by the exact answer. "
        "Median milliseconds of one processor a function, and log likelihood of hidden targets in nats.",
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
        "Tuning without labels",
        "tune",
        "tune-*.json",
        "--sets magic italy fashion",
        "Eight candidates (the default recipe and seven drawn), all trained to the end of one course and probed there with labels "
        "that nothing else saw. `default`, `best` and `mean` are accuracies of linear probes at the end, on up to 1,000 held-out "
        "samples. For each label-free score: the candidate that its ladder chooses (after an eighth, a quarter and half of the "
        "course), its accuracy at the end, how far that is behind the best candidate (regret), and Spearman's correlation of score "
        "and probe over all candidates at the end, and over those that stand at each rung. `selflearn tune` goes by `lidar and "
        "self retrieval`, keeps the default, and gives it up only for who is ahead of it in both; what that gains is also told as "
        "if each candidate in turn were the default. The aim is a choice above the default.",
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
    Section(
        "Start-up",
        "startup",
        "startup.json",
        "--rounds 5",
        "Seconds of a process of its own: importing, asking for help, and from `learn digits` to the first update. "
        "Importing torch and Lightning is most of the last. The aims are 0.3 s, 0.4 s, and at most 1 s over importing "
        "these two.",
    ),
    Section(
        "Cost as work grows",
        "growth",
        "growth-*.json",
        "",
        "Files of 1,000 to 1,000,000 samples: microseconds a sample for reading, learning and embedding, and the most "
        "resident memory. The aim is that learning and embedding stay within 10 %.",
    ),
    Section(
        "Two processes",
        "scaling",
        "scaling.json",
        "",
        "Samples a second of two processes over gloo, one thread each, beside twice those of one (`efficiency`) and two that "
        "learn apart (`of the limit`). What is lost goes to synchronised batch norms (two exchanges each), gathered negatives, "
        "averaged gradients, and to what two cores share.",
    ),
    Section(
        "Nearest neighbours among a million",
        "knn",
        "knn.json",
        "",
        "10,000 queries, time of ours over that of faiss called directly, making the index included. The aim is 1.1.",
    ),
    Section(
        "Killed runs",
        "kills",
        "kills.json",
        "--kills 100",
        "Runs of twelve recipes on five kinds of data, killed at random moments and resumed until they end: how many "
        "ended with the weights, bit for bit, of a run that never stopped.",
    ),
    Section(
        "Damaged files",
        "mutations",
        "mutations.json",
        "",
        "Random changes to input files of each format, to checkpoints and to what a finished run left. An input is read or"
        " refused, a checkpoint leads to the same weights or is refused, a finished run says what it said before or is "
        "refused; nothing crashes.",
    ),
    Section(
        "On a GPU",
        "gpu",
        "gpu.json",
        "--data cifar10_jpeg.npz",
        "Samples a second, share of the bare model and memory of the usual networks, and minutes to 84.7 % k-NN accuracy "
        "on CIFAR-10.",
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
    """Figures as (name, value), nested names joined; long explanations and the settings stay in the JSON."""
    for name, value in figures.items():
        full = f"{before}{name.replace('_', ' ')}"
        if name in {"reasons", "settings", "courses"}:
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
