"""`selflearn tune`: what it takes and which workflow it calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tune(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(help="A folder, file or name of data, as for `selflearn learn`.")] = None,
    budget: Annotated[str, typer.Option(help="Of training, all candidates together: 1h, 2e6samples, 4000steps.")] = "1h",
    recipes: Annotated[str | None, typer.Option(help="Recipes to choose among, a,b,c; by default those for this kind.")] = None,
    candidates: Annotated[int, typer.Option(min=2, max=512, help="How many begin, the default recipe among them.")] = 8,
    keep: Annotated[float, typer.Option(help="Share of them that climbs on from each rung.")] = 0.5,
    labels: Annotated[
        str | None, typer.Option(help="A CSV or Parquet of ids and labels, or a column's name. They only check the choice made.")
    ] = None,
    groups: Annotated[str | None, typer.Option(help="A CSV or Parquet of ids and groups, or a column's name.")] = None,
    out: Annotated[Path | None, typer.Option(help="The folder; by default runs/<data>-tuned.")] = None,
    seed: Annotated[int, typer.Option(help="Of candidates, data, views and networks.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps ...")] = "auto",
    precision: Annotated[str, typer.Option(help="auto, 32, bf16 or 16.")] = "auto",
    change: Annotated[list[str] | None, typer.Option("--set", help="A setting that all candidates share. Repeatable.")] = None,
    kind: Annotated[str | None, typer.Option(help="Overrule what the data is taken for.")] = None,
    read: Annotated[list[str] | None, typer.Option("--read", help="How to read the data, e.g. --read window=128.")] = None,
    size: Annotated[int | None, typer.Option(help="Side in pixels to which pictures are brought.")] = None,
    holdout: Annotated[float, typer.Option(help="Share kept from learning; candidates are judged on it.")] = 0.2,
    resume: Annotated[Path | None, typer.Option(help="Continue this interrupted tuning.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace a run that is already there.")] = False,
    ray: Annotated[
        str | None, typer.Option(help="Train candidates on a Ray cluster: local (started here), auto, or an address.")
    ] = None,
) -> None:
    """Choose recipe, views and learning rate without labels, by successive halving; leave the chosen one as a finished run."""
    from selflearn.cli.main import pairs
    from selflearn.cli.runs import check_begun, show
    from selflearn.cli.screen import Screen
    from selflearn.serving import report_run
    from selflearn.workflow import tuning

    check_begun(context, source, resume, "ray", "tuning", "tune on")
    workers = tuning.ray_workers(ray) if ray is not None else None
    with Screen("tune") as screen:
        if resume is not None:
            run = tuning.resume_tuning(resume, workers=workers, reporter=screen)
        else:
            run = tuning.tune(
                source,
                budget=budget,
                recipes=[name.strip() for name in (recipes or "").split(",") if name.strip()],
                candidates=candidates,
                keep=keep,
                out=out,
                labels=labels,
                groups=groups,
                overwrite=overwrite,
                workers=workers,
                reporter=screen,
                kind=kind,
                seed=seed,
                device=device,
                precision=precision,
                holdout=holdout,
                size=size,
                changes=pairs(change),
                read=pairs(read, "--read", "window=128"),
            )
        screen.say("Writing the report.")
        page = report_run(run)
    show(screen, run, page)
