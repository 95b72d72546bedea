"""`fit`: one gradient stage, from raw batches to a trained method. Lightning's Trainer drives; what it prints is kept quiet."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from selflearn.data.dataset import Dataset
from selflearn.errors import DataError, RecipeError, RunError
from selflearn.methods.base import Method
from selflearn.networks import Encoder, synced
from selflearn.ranks import check_alike, latest, leads, wait_for_all, world
from selflearn.training.checkpoint import Checkpoints
from selflearn.training.course import Course
from selflearn.training.distribution import machines
from selflearn.training.folder import RunFolder
from selflearn.training.loading import batches, plain_errors
from selflearn.training.metrics import MetricsFile
from selflearn.training.optimisers import make_optimiser
from selflearn.training.precision import PrecisionChoice, choose_device, choose_precision
from selflearn.training.progress import FitOutcome, Progress
from selflearn.training.randomness import global_state_kept
from selflearn.training.replacing import Replacing
from selflearn.training.settings import FitSettings
from selflearn.training.sharding import load_method, load_optimiser, sharded, whole
from selflearn.views.base import View

if TYPE_CHECKING:
    from selflearn.training.stage import GradientStage

LEAST_SAMPLES = 4  # two batches of two


def fit(
    method: Method,
    dataset: Dataset,
    views: Sequence[View],
    settings: FitSettings,
    folder: RunFolder | None = None,
    *,
    stage: int = 0,
    resume: bool = False,
    until: float = 1.0,
    report: Callable[[Progress], None] | None = None,
) -> FitOutcome:
    """Train a method on a dataset until its budget is used or a monitor stops it.

    On the CPU the weights are a function of the arguments alone where the budget is not in seconds; a run that was killed at any
    moment and resumed ends with the same weights, bit for bit, as one that never stopped.

    Parameters
    ----------
    method : trained in place; afterwards it lies on the CPU, in eval mode.
    dataset : at least 4 samples.
    views : one view of each batch is made for each of these.
    settings : optimiser, schedule, batch, budget, precision, device, seed.
    folder : gets checkpoints and metrics; None leaves no trace.
    stage : number of this stage in its plan; its checkpoints lie apart.
    resume : go on from the folder's last good checkpoint; without one, begin.
    until : pause at this share of the budget: the state is saved, and resuming goes on as if there had been no pause.
    report : called about twice a second.

    Returns
    -------
    FitOutcome : how it ended, the alarm if there was one, and what was chosen, lowered or lost.

    Raises
    ------
    DataError : too few samples.  RecipeError : the method cannot work with this batch or so few samples, or the device is not
        there.
    RunError : the folder is in use, or its checkpoints do not fit this method.
    KeyboardInterrupt, SystemExit : SIGINT or SIGTERM came; the state is saved and can be resumed.
    """
    settings, notes = _sized(settings, len(dataset), dataset.shared)
    if settings.alignment is not None and not any(isinstance(module, nn.Linear) for module in method.encoder.modules()):
        raise RecipeError("alignment is about linear layers, and this encoder has none: leave it out, or choose a transformer")
    method.check_batch(settings.batch // world())
    method.check_data(len(dataset))
    device = choose_device(settings.device)
    precision = choose_precision(device, settings.precision)
    if settings.precision == "auto" and latest(precision.precision == "32")[0] and precision.precision != "32":
        precision = precision._replace(precision="32", reason="another process has no faster format")
    notes.append(f"learning on {device} in {precision.precision}: {precision.reason}")
    with global_state_kept(), folder.lock() if folder is not None and leads() else nullcontext(), synced(method):
        channels_last = precision.channels_last and any(isinstance(module, nn.Conv2d) for module in method.modules())
        learner = _laid_out(method, device, channels_last, settings)
        if settings.strategy == "fsdp" and learner is method:
            notes.append("strategy fsdp shares weights among processes, and this is the only one: it holds them all")
        if settings.compile:
            _compiled(learner, device, notes)
        optimiser = make_optimiser(
            learner, settings.optimiser, settings.batch * settings.accumulate, fused=precision.precision != "16"
        )
        made = type(method).__name__ if type(method).__module__.startswith("selflearn.") else ""  # one's own may change its name
        checkpoints = Checkpoints(folder.file("checkpoints") / f"stage-{stage}", made) if folder is not None else None
        saved = _saved(checkpoints, resume, notes)
        if settings.replace_units is not None and learner is not method:
            raise RecipeError("replace_units needs whole weights, which strategy fsdp does not have; use ddp")
        replacing = None if settings.replace_units is None else Replacing(learner, settings.replace_units, settings.seed)
        course = _restore(saved, learner, optimiser, replacing)
        from selflearn.training.stage import GradientStage  # Lightning takes seconds to import

        module = GradientStage(
            learner,
            views,
            settings,
            optimiser,
            course,
            size=len(dataset),
            channels_last=channels_last,
            checkpoints=checkpoints,
            metrics=None,
            report=report if leads() else None,
            notes=notes,
            replacing=replacing,
            until=until,
        )
        if module.share < until and course.monitor.alarm is None:
            # Opened only here: it drops the rows of later stages, which a finished stage that is passed over must not.
            module.metrics = MetricsFile(folder, stage, course.step) if folder is not None and leads() else None
            with nullcontext() if replacing is None else replacing.watching():
                _drive(module, dataset, device, precision, saved)
            notes += dataset.incidents()
        if learner is not method:
            method.load_state_dict(whole(learner.state_dict()))
        for encoder in _encoders(method) if settings.compile else []:
            encoder._compiled_call_impl = None  # afterwards it is as it was, for whatever comes
        method.cpu().eval()
        if channels_last:  # the layout decides how kernels round: an encoder must say the same before and after it is stored
            method.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        return _outcome(module, device, precision)


def _sized(settings: FitSettings, samples: int, shared: bool) -> tuple[FitSettings, list[str]]:
    """The settings with a batch that this many samples can fill at least twice an epoch, and all processes share equally.

    Where any batch holds all of the data anyway (the nodes of one graph), one that is meant to hold all samples does.
    """
    if samples < LEAST_SAMPLES:
        raise DataError(f"{samples} samples are too few to learn from: {LEAST_SAMPLES} are the least, hundreds may teach something")
    if settings.batch % world() or settings.batch < 2 * world():
        raise RecipeError(
            f"a batch of {settings.batch} cannot be shared by {world()} processes, two samples each at least: set batch to a "
            f"multiple of {world()}, such as --set batch={max(2, round(settings.batch / world())) * world()}"
        )
    if samples >= 2 * settings.batch:
        return settings, []
    if shared and settings.batch >= samples:
        return settings.model_copy(update={"batch": samples // world() * world()}), []
    batch = samples // 2 // world() * world()
    if batch < 2 * world():
        raise DataError(f"{samples} samples are too few for {world()} processes; use fewer")
    return settings.model_copy(update={"batch": batch}), [
        f"batch lowered from {settings.batch} to {batch}: there are only {samples} samples"
    ]


def _laid_out(method: Method, device: torch.device, channels_last: bool, settings: FitSettings) -> Method:
    """The method on its device, in the layout its kernels like; where it is to be sharded, a copy of it."""
    method.train()
    if settings.strategy == "fsdp" and world() > 1:
        if settings.combine != "sum":
            raise RecipeError(f"combine: {settings.combine} needs whole gradients, which strategy fsdp does not have; use ddp")
        return sharded(method, device)  # it takes weights in their plain layout alone
    if channels_last:
        method.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return method.to(device)


def _compiled(method: Method, device: torch.device, notes: list[str]) -> None:
    """Compile every encoder in place, its names and its state as they were; where nothing can be compiled, say so and go on."""
    try:
        torch.compile(torch.sin, dynamic=False)(torch.ones(2, device=device))
    except Exception as error:  # no compiler, or one that this device does not suit
        notes.append(f"not compiled: {str(error).strip().splitlines()[0][:120]}")
        return
    for encoder in _encoders(method):
        encoder.compile()


def _encoders(method: Method) -> list[Encoder]:
    return [module for module in method.modules() if isinstance(module, Encoder)]


def _saved(checkpoints: Checkpoints | None, resume: bool, notes: list[str]) -> dict[str, Any] | None:
    if checkpoints is None:
        return None
    if not resume:
        if leads():
            checkpoints.clear()
        return None
    wait_for_all()  # until then a leader that was stopped may still be writing
    saved, damaged = checkpoints.load()
    check_alike("checkpoints", str(saved["course"]["micro"]) if saved else "none")
    notes += damaged
    return saved


def _restore(saved: dict[str, Any] | None, method: Method, optimiser: torch.optim.Optimizer, replacing: Replacing | None) -> Course:
    if saved is None:
        return Course()
    try:
        load_method(method, saved["method"])
        load_optimiser(optimiser, saved["optimiser"])
        if replacing is not None:
            replacing.load_state_dict(saved["units"] or [])
        return Course.from_state_dict(saved["course"])
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        what = str(error).splitlines()[0]
        raise RunError(f"the checkpoint does not fit this method: {what}. Resume with the settings the run began with") from error


def _drive(
    module: GradientStage, dataset: Dataset, device: torch.device, precision: PrecisionChoice, saved: dict[str, Any] | None
) -> None:
    settings = module.settings
    loader = batches(
        dataset, settings.batch, settings.seed, module.course.micro, workers=settings.workers, pin=device.type == "cuda"
    )
    with _quiet(), module.stopper.listening(), plain_errors():
        import lightning.pytorch as pl

        options: dict[str, Any] = {"precision": precision.lightning, "accumulate_grad_batches": settings.accumulate}
        trainer = pl.Trainer(
            accelerator="gpu" if device.type == "cuda" else device.type,
            **machines(device, module.sharded),
            max_epochs=-1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            use_distributed_sampler=False,
            **options,
        )
        if saved is not None and saved["scaling"]:
            trainer.precision_plugin.load_state_dict(saved["scaling"])
        trainer.fit(module, loader)
    module.stopper.act()


def _outcome(module: GradientStage, device: torch.device, precision: PrecisionChoice) -> FitOutcome:
    settings, course, notes = module.settings, module.course, module.notes
    failures = module.checkpoints.failures if module.checkpoints else 0
    lost = module.metrics.lost if module.metrics else 0
    if failures or lost:
        notes.append(f"{failures} checkpoints and {lost} rows of the metrics could not be written; is the disk full?")
    reading = course.reading
    return FitOutcome(
        ended="alarm" if course.monitor.alarm else "budget" if module.share >= 1 else "paused",
        alarm=course.monitor.alarm,
        step=course.step,
        samples=course.samples,
        epoch=module.epoch,
        seconds=course.seconds,
        loss=reading.loss if reading else None,
        rank=reading.rank if reading else None,
        deviation=reading.deviation if reading else None,
        pace=module.pace,
        batch=settings.batch,
        lr=settings.optimiser.scaled(settings.optimiser.lr, settings.batch * settings.accumulate),
        device=str(device),
        precision=precision.precision,
        checkpoint_failures=failures,
        notes=notes,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's notices stay unsaid: they are about its own options, not about this run. Warnings of others pass."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            warnings.filterwarnings("ignore", message=r".*does not have many workers.*|.*available but not used.*")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
