"""Every command of `selflearn`: what it takes and which workflow it calls. Nothing is computed here."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from selflearn import __version__
from selflearn.cli.tuning import tune
from selflearn.errors import SelflearnError

app = typer.Typer(
    help="Learn from data that nobody labelled: an encoder, a verdict, a report and a search index from one command.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
evidence_app = typer.Typer(help="The experiments that decide whether a published system works here.", no_args_is_help=True)
app.add_typer(evidence_app, name="evidence")
app.command()(tune)

_formatted = warnings.formatwarning
RunPath = Annotated[Path, typer.Argument(help="A run folder, as `selflearn learn` left it.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps ...")]
ReadOther = Annotated[
    list[str] | None,
    typer.Option("--read", help="How to read it where that differs from the run's data; --read id= takes an option back."),
]
Out = Annotated[Path | None, typer.Option(help="Where to write it.")]


def main() -> None:
    """Run a command. A foreseen error is one clear message and exit status 1."""
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")  # what PyTorch's core warns of is for its callers, not for a person
    warnings.formatwarning = _told
    try:
        app()
    except SelflearnError as error:
        from selflearn.cli.console import complain

        complain(str(error))
        sys.exit(1)


def _told(message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None) -> str:
    """What selflearn warns of is meant for a person, who needs no line of code; others' warnings stay as they are."""
    own = issubclass(category, RuntimeWarning) and Path(filename).is_relative_to(Path(__file__).parents[1])
    return f"Note: {message}\n" if own else _formatted(message, category, filename, lineno, line)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"selflearn {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


def pairs(pairs: list[str] | None, option: str = "--set", example: str = "optimiser.lr=0.01") -> dict[str, Any]:
    """``key=value`` pairs; values are read as YAML, so numbers are numbers and [1, 2] is a list."""
    from selflearn.errors import RecipeError

    found = {}
    for pair in pairs or []:
        key, separator, value = pair.partition("=")
        if not separator or not key:
            raise RecipeError(f"{option} takes key=value, such as {example}, not {pair!r}")
        try:
            found[key.strip()] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise RecipeError(f"{option} {pair!r}: the value is not readable as YAML") from error
    return found


@app.command()
def learn(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="A folder, file or name of data (`digits`), or a prior (`prior:gp`, `prior:table`).")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="A recipe's name (see `selflearn recipes`) or a YAML file of your own.")
    ] = None,
    budget: Annotated[str, typer.Option(help="When learning ends: 90s, 10min, 20epochs, 300steps, 1e6samples.")] = "2min",
    labels: Annotated[str | None, typer.Option(help="A CSV or Parquet of ids and labels (and groups), or a column's name.")] = None,
    groups: Annotated[
        str | None, typer.Option(help="A CSV or Parquet of ids and groups, or a column's name; a group is never split apart.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run folder; by default runs/<data>-<recipe>.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same machine: same weights.")] = 0,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, 32, bf16 or 16.")] = "auto",
    change: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting, e.g. --set optimiser.lr=0.01. Repeatable.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="A recipe's preset: small (minutes on a CPU), published (the paper's).")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Overrule what the data is taken for: image, sound, series, table, graph, text, task.")
    ] = None,
    read: Annotated[
        list[str] | None, typer.Option("--read", help="How to read the data, e.g. --read window=128. Repeatable.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side in pixels to which pictures are brought.")] = None,
    holdout: Annotated[float, typer.Option(help="Share kept from learning, for the scorecard.")] = 0.2,
    resume: Annotated[Path | None, typer.Option(help="Continue this interrupted run.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a run that is already there.")] = False,
    processes: Annotated[int, typer.Option(min=1, help="Learn with so many processes of this machine, one a GPU.")] = 1,
    strategy: Annotated[
        str | None, typer.Option(help="What each process holds: ddp (all weights) or fsdp (a share of them).")
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compile", help="Compile the encoder: takes a minute, for long runs on a GPU.")
    ] = False,
) -> None:
    """Learn from data nobody labelled, judge what was learned, and leave a run folder with a report."""
    from selflearn import workflow
    from selflearn.cli.launching import followers
    from selflearn.cli.runs import check_begun, show
    from selflearn.cli.screen import Screen
    from selflearn.ranks import Place
    from selflearn.serving import report_run

    check_begun(context, source, resume, "processes", "run", "learn from")
    with followers(processes, sys.argv[1:]), Screen() as screen:
        if resume is not None:
            run = workflow.resume(resume, reporter=screen)
        else:
            run = workflow.learn(
                source,
                out=out,
                labels=labels,
                groups=groups,
                overwrite=overwrite,
                reporter=screen,
                recipe=recipe,
                preset=preset,
                budget=budget,
                kind=kind,
                seed=seed,
                device=device,
                precision=precision,
                holdout=holdout,
                size=size,
                changes={
                    **pairs(change),
                    **({} if strategy is None else {"strategy": strategy}),
                    **({"compile": True} if compiled else {}),
                },
                read=pairs(read, "--read", "window=128"),
            )
        if Place.of(os.environ).rank:  # the leader judges and reports
            return
        screen.say("Writing the report.")
        page = report_run(run)
    show(screen, run, page)


@app.command()
def embed(
    run: RunPath,
    source: Annotated[str, typer.Argument(help="Data of the same kind.")],
    out: Annotated[Path, typer.Option(help="A .parquet, .npy or .npz file; with --ray a folder of Parquet parts.")] = Path(
        "embeddings.parquet"
    ),
    device: Device = "auto",
    batch: Annotated[int, typer.Option(help="Samples a batch.")] = 256,
    read: ReadOther = None,
    ray: Annotated[
        str | None, typer.Option(help="Embed a folder of files on a Ray cluster: local (started here), auto, or an address.")
    ] = None,
) -> None:
    """Embed other data with a run's encoder, preprocessing included."""
    from selflearn import workflow
    from selflearn.cli.screen import Screen

    with Screen() as screen:
        options = pairs(read, "--read", "window=128")
        opened = workflow.load(run)
        if ray is None:
            count, dim = workflow.embed_to_file(opened, source, out, device=device, batch=batch, read=options, reporter=screen)
        else:
            count, dim = workflow.embed_in_parts(
                opened, source, out, address=ray, device=device, batch=batch, read=options, reporter=screen
            )
    screen.done(f"{count:,} embeddings of {dim} numbers in {out}")


@app.command()
def pack(
    source: Annotated[str, typer.Argument(help="Pictures: a folder, file, URL, or shards.")],
    out: Annotated[Path, typer.Argument(help="An empty folder.")],
    shard_size: Annotated[str, typer.Option(help="Bytes of a shard, e.g. 256MB.")] = "256MB",
    labels: Annotated[str | None, typer.Option(help="A CSV or Parquet of ids and labels (and groups), or a column's name.")] = None,
    seed: Annotated[int, typer.Option(help="Of the order in which pictures are written.")] = 0,
) -> None:
    """Write pictures as tar shards with an index, for data that is larger than a disk or lies in a bucket."""
    from pydantic import ByteSize, TypeAdapter, ValidationError

    from selflearn.cli.screen import Screen
    from selflearn.data.images.pack import pack as write
    from selflearn.errors import DataError

    try:
        size = TypeAdapter(ByteSize).validate_python(shard_size)
    except ValidationError as error:
        raise DataError(f"--shard-size takes bytes, such as 256MB, not {shard_size!r}") from error
    with Screen() as screen:
        packed = write(source, out, size, seed, progress=lambda done, total: screen.work("packing", done, total), labels=labels)
    skipped = f"; {packed.skipped:,} could not be read and were left out" if packed.skipped else ""
    screen.done(
        f"{packed.pictures:,} pictures in {packed.shards:,} shards of {packed.bytes / 1e6:,.3g} MB in all in {out}{skipped}"
    )


@app.command()
def predict(
    run: RunPath,
    source: Annotated[str, typer.Argument(help="A table: CSV, TSV, Parquet, Arrow.")],
    column: Annotated[str, typer.Option(help="The column to tell where it is empty, from the rows where it is known.")],
    out: Annotated[Path, typer.Option(help="A .csv or .parquet file.")] = Path("predictions.csv"),
    device: Device = "auto",
) -> None:
    """Tell a column of a small table with a network that learned from a prior, such as `prior:table`; nothing is trained."""
    from selflearn import workflow
    from selflearn.cli.screen import Screen

    with Screen() as screen:
        count = workflow.fill_in_file(workflow.load(run), source, column, out, device=device, reporter=screen)
    screen.done(f"{count:,} predictions in {out}")


@app.command()
def search(
    run: RunPath,
    like: Annotated[str, typer.Option(help="The sample to search with: a file, or an id of the run.")],
    k: Annotated[int, typer.Option("-k", help="How many to find.")] = 10,
    out: Annotated[Path | None, typer.Option(help="Also draw the answer as a PNG picture.")] = None,
    read: ReadOther = None,
) -> None:
    """Find the samples of a run that are most like a given one."""
    from selflearn.cli.screen import Screen
    from selflearn.serving import search_run, words_of
    from selflearn.workflow import load

    opened = load(run)
    with Screen() as screen:
        found = search_run(opened, like, k, picture=out, read=pairs(read, "--read", "window=128"), reporter=screen)
        words = words_of(opened, [name for name, _, _ in found])
    screen.neighbours(like, found, words)


@app.command()
def evaluate(
    run: RunPath,
    source: Annotated[str | None, typer.Argument(help="Other data to score on; by default the run's own held-out part.")] = None,
    labels: Annotated[str | None, typer.Option(help="A CSV or Parquet of ids and labels.")] = None,
    device: Device = "auto",
    read: ReadOther = None,
) -> None:
    """Score a run's encoder beside raw input, PCA and its untrained twin."""
    from selflearn import workflow
    from selflearn.cli.screen import Screen

    opened = workflow.load(run)
    with Screen() as screen:
        options = pairs(read, "--read", "window=128")
        scorecard, verdict = workflow.evaluate(opened, source, labels=labels, device=device, read=options, reporter=screen)
    screen.verdict(verdict, scorecard)


@app.command()
def segment(
    run: RunPath,
    masks: Annotated[str, typer.Argument(help="A folder of pictures named as the samples are, or a .npz with masks, or a .npy.")],
    source: Annotated[str | None, typer.Argument(help="Other data that the masks are of; by default the run's own.")] = None,
    device: Device = "auto",
) -> None:
    """Score what a run's encoder says of places by masks, beside raw patches and its untrained twin."""
    from selflearn import workflow
    from selflearn.cli.screen import Screen

    opened = workflow.load(run)
    with Screen() as screen:
        scorecard = workflow.segment(opened, masks, source, device=device)
    screen.scores(scorecard)


@app.command()
def export(
    run: RunPath,
    out: Annotated[Path | None, typer.Option(help="The ONNX file; by default encoder.onnx in the run folder.")] = None,
) -> None:
    """Write the encoder as ONNX with its preprocessing inside, and prove it equal."""
    from selflearn.cli.screen import Screen
    from selflearn.serving import export_run
    from selflearn.workflow import load

    with Screen() as screen:
        line = export_run(load(run), out)
    screen.done(line)


@app.command()
def report(run: RunPath) -> None:
    """Write a run's report again, from what the run folder holds."""
    from selflearn.cli.screen import Screen
    from selflearn.serving import report_run
    from selflearn.workflow import load

    with Screen() as screen:
        page = report_run(load(run))
    screen.done(f"The report: {page}")


@app.command()
def compare(runs: Annotated[list[Path], typer.Argument(help="Two or more run folders.")]) -> None:
    """Set the scorecards of several runs beside each other."""
    from selflearn.serving import compare as table
    from selflearn.workflow import load

    loaded = {str(path): load(path) for path in runs}
    data = {name: str(run.folder.read_json("data.json").get("fingerprint")) for name, run in loaded.items()}
    typer.echo(table({name: run.scorecard for name, run in loaded.items()}, data))


@app.command()
def recipes(name: Annotated[str | None, typer.Argument(help="One recipe, to see it whole.")] = None) -> None:
    """List the recipes, or show one."""
    from selflearn.cli.tables import show_recipe, show_recipes

    show_recipe(name) if name else show_recipes()


@app.command()
def systems(
    family: Annotated[str | None, typer.Option(help="Only this family.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind of data.")] = None,
    status: Annotated[str | None, typer.Option(help="holds, does not hold, inconclusive, open, same as, not a method.")] = None,
) -> None:
    """List the published systems and what the evidence says of each."""
    from selflearn.cli.tables import show_systems

    show_systems(family, kind, status)


@evidence_app.command("run")
def evidence_run(
    name: Annotated[str, typer.Argument(help="An experiment's name, or a system such as S029.")],
    size: Annotated[str, typer.Option(help="quick (about 3 minutes) or full (up to 30, at least five seeds).")] = "quick",
) -> None:
    """Run an experiment as it was stated, and store its sealed result."""
    from selflearn.cli.screen import Screen
    from selflearn.cli.tables import show_evidence
    from selflearn.evidence import run_experiment

    with Screen() as screen:
        result = run_experiment(name, size, report=screen.measure)
    show_evidence(result)


@evidence_app.command("check")
def evidence_check() -> None:
    """Check every stored result against its seal and its statement."""
    from selflearn.cli.tables import show_checks
    from selflearn.evidence import check_results

    if not show_checks(check_results()):
        raise typer.Exit(1)
