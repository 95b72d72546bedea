"""The gradient stage as a LightningModule: draw, views, losses, update, look, save, in the order Lightning calls them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, replace
from typing import Any

import lightning.pytorch as pl
import torch
from torch import Tensor
from torch.distributed.tensor import DTensor

from selflearn.data.batch import Batch
from selflearn.methods.base import Method, Outcome
from selflearn.ranks import latest, leads, rank, rank_sum, world
from selflearn.training.alignment import aligned
from selflearn.training.checkpoint import Checkpoints
from selflearn.training.combining import combined
from selflearn.training.course import Course
from selflearn.training.metrics import MetricsFile
from selflearn.training.monitors import Reading, look
from selflearn.training.progress import Progress
from selflearn.training.randomness import seed_globals, seed_of
from selflearn.training.replacing import Replacing
from selflearn.training.schedules import between, rate
from selflearn.training.settings import FitSettings
from selflearn.training.sharding import local, whole
from selflearn.training.signals import Stopper
from selflearn.views.base import View, make_views

LOOK_SECONDS = 1.0  # the monitors look at least this often, so that slow steps do not hide a collapse
REPORT_SECONDS = 0.5


class GradientStage(pl.LightningModule):
    """Holds a method while Lightning's Trainer drives it.

    Parameters
    ----------
    method, views, settings : what learns, from what, and how.
    optimiser : of the method, its state already restored.
    course : where to go on.
    size : samples in the dataset, which makes an epoch.
    channels_last : lay four-dimensional views out for fast convolutions.
    checkpoints, metrics : where traces are left; None leaves none.
    report : called with each `Progress`.
    notes : told with the progress.
    replacing : replaces hidden units after each update; None replaces none.
    until : share of the budget at which it pauses.
    """

    def __init__(
        self,
        method: Method,
        views: Sequence[View],
        settings: FitSettings,
        optimiser: torch.optim.Optimizer,
        course: Course,
        *,
        size: int,
        channels_last: bool,
        checkpoints: Checkpoints | None,
        metrics: MetricsFile | None,
        report: Callable[[Progress], None] | None,
        notes: list[str],
        replacing: Replacing | None = None,
        until: float = 1.0,
    ) -> None:
        super().__init__()
        self.method = method
        self.views, self.settings, self.optimiser, self.course = list(views), settings, optimiser, course
        self.size, self.channels_last = size, channels_last
        self.checkpoints, self.metrics, self.report, self.notes, self.until = checkpoints, metrics, report, notes, until
        self.replacing = replacing
        self.trained = [weight for group in optimiser.param_groups for weight in group["params"]]
        self.sharded = any(isinstance(weight, DTensor) for weight in self.trained)
        self._size = math.sqrt(sum(weight.numel() for weight in self.trained))
        self.stopper = Stopper()
        self.generator = torch.Generator()
        self._before, self._first = course.seconds, course.samples
        self._began = self._saved = self._looked = self._reported = time.perf_counter()
        self._looking = self._judging = self._save_due = False
        self._drawn = 0
        self._outcome: Outcome | None = None
        self._diversity: dict[str, Tensor] = {}
        self._grad_norm: Tensor | None = None

    @property
    def epoch(self) -> float:
        """Passes over the data so far."""
        return self.course.samples / self.size

    @property
    def share(self) -> float:
        """Share of the budget used."""
        course = self.course
        return self.settings.budget.progress(step=course.step, samples=course.samples, epochs=self.epoch, seconds=course.seconds)

    @property
    def pace(self) -> float:
        """Samples a second of this process."""
        spent = self.course.seconds - self._before
        return (self.course.samples - self._first) / spent if spent > 0 else 0.0

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """The optimiser, as it was given."""
        return self.optimiser

    def on_train_start(self) -> None:
        """The clock starts: what came before is set-up, not learning."""
        self.stopper.listen()
        self.generator = torch.Generator(self.device)
        self._began = self._saved = self._looked = self._reported = time.perf_counter()

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """The whole batch at once."""
        return batch.to(device, non_blocking=True)

    @torch.no_grad()
    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> list[Batch]:
        """Seed everything for this micro-batch and make its views: here, outside autocast, so that they are exact."""
        seed = seed_of(self.settings.seed, self.course.micro, rank())
        seed_globals(seed)
        self._drawn = len(batch) * world()
        views = make_views(batch, self.views, self.generator.manual_seed(seed))
        return [_channels_last(view) for view in views] if self.channels_last else views

    def training_step(self, views: list[Batch], batch_idx: int) -> Tensor:
        """The losses of one micro-batch."""
        updates = (self.course.micro + 1) % self.settings.accumulate == 0
        due = self._judging = updates and self.course.step % self.settings.monitor_every == 0
        if not self.sharded:  # where a look takes all ranks, only what all count alike can call for one
            due = leads() and updates and (due or time.perf_counter() - self._looked > LOOK_SECONDS)
        # A look that the clock called for can end a run only where the clock ends runs: else weights would depend on it.
        self._judging = self._judging or (due and self.settings.budget.unit == "seconds")
        self._looking, self._grad_norm = due, None
        self._diversity = {}
        watched = due and self.settings.alignment is not None
        with aligned(self.method.encoder, self._diversity) if watched else nullcontext():
            self._outcome = self.method(views, self.generator)
        shared = [weight for weight in self.method.encoder.parameters() if weight.requires_grad]
        return combined(self._outcome.losses, self.settings.combine, shared)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Learning rate and decay of this update; the gradient is clipped where asked."""
        share, optimising = self.share, self.settings.optimiser
        factor = rate(share, self.settings.schedule)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * factor
            if optimising.final_weight_decay is not None and group["decayed"]:
                group["weight_decay"] = between(optimising.weight_decay, optimising.final_weight_decay, share)
        if self.settings.clip is not None:
            norm = torch.nn.utils.clip_grad_norm_(self.trained, self.settings.clip)
            self._grad_norm = norm.full_tensor() if isinstance(norm, DTensor) else norm

    def on_train_batch_end(self, outputs: Any, batch: list[Batch], batch_idx: int) -> None:
        """Count; after an update let the method follow, look, report, save, and stop where it is time."""
        course = self.course
        course.micro += 1
        course.samples += self._drawn
        if course.micro % self.settings.accumulate:
            return
        course.step += 1
        if self.replacing is not None:
            self.replacing.after_update(course.step, self.optimiser)
        alarmed = self._agree()
        share = self.share
        self.method.after_update(share)
        ending = share >= self.until or self.stopper.number is not None or alarmed
        if self._looking or ending:
            self._look()
            ending = ending or (world() == 1 and course.monitor.alarm is not None)
        if self.report is not None and (ending or time.perf_counter() - self._reported > REPORT_SECONDS):
            self._reported = time.perf_counter()
            self.report(self._progress(share))
        if ending:
            self.trainer.should_stop = True
        elif self._save_due:
            self._save()

    def _agree(self) -> bool:
        """Read the clocks, and let all ranks have the same time, the same signal, and hear of an alarm; whether there is one."""
        course = self.course
        seconds = self._before + time.perf_counter() - self._began
        save_due = time.perf_counter() - self._saved > self.settings.checkpoint_every
        told = latest(seconds, self.stopper.number or 0, course.monitor.alarm is not None, save_due)
        course.seconds, self.stopper.number, self._save_due = told[0], int(told[1]) or None, bool(told[3])
        return bool(told[2])

    def on_train_end(self) -> None:
        """The last state is saved too: a finished stage that is resumed is passed over."""
        self._save()

    def _save(self) -> None:
        """Write a checkpoint; the time it takes is not learning."""
        began = time.perf_counter()
        if self.checkpoints is not None and (leads() or self.sharded):
            state = {
                "method": whole(self.method.state_dict()),
                "optimiser": whole(self.optimiser.state_dict()),
                "scaling": self.trainer.precision_plugin.state_dict(),
                "course": self.course.state_dict(),
                "units": None if self.replacing is None else self.replacing.state_dict(),
            }
            if leads():
                self.checkpoints.save(state, self.course.step)
        self._saved = time.perf_counter()
        self._began += self._saved - began

    @torch.no_grad()
    def _look(self) -> None:
        outcome, course = self._outcome, self.course
        assert outcome is not None
        if self._grad_norm is None:
            self._grad_norm = self._norm([weight.grad for weight in self.trained if weight.grad is not None])
        course.reading = look(outcome.total, self._grad_norm, self._norm(self.trained) / self._size, outcome.embedding)
        if self._diversity:
            course.reading = replace(course.reading, diversity=float(torch.stack(list(self._diversity.values())).mean()))
        if (self._judging or self.share >= 1) and not self._overflowed(course.reading):
            course.monitor.see(course.reading, outcome.can_collapse, self.settings.alignment or 0.0)
        self._looked = time.perf_counter()
        if self.metrics is None:
            return
        told = {**outcome.losses, **outcome.told}
        named = torch.stack([value.detach().float() for value in told.values()]).tolist()
        reading = asdict(course.reading)
        diversity = reading.pop("diversity")
        if diversity is not None:
            reading["sign_diversity"] = diversity
        where = {"step": course.step, "samples": course.samples, "epoch": round(self.epoch, 4), "seconds": round(course.seconds, 3)}
        self.metrics.append(
            {**dict(zip(told, named, strict=True)), **where, "lr": self._lr(), "total": reading.pop("loss"), **reading}
        )

    def _norm(self, tensors: list[Tensor]) -> Tensor:
        """The length of all of them together, on whatever ranks they lie."""
        own = torch.stack(torch._foreach_norm([local(each) for each in tensors])).float().norm()
        return rank_sum(own.square()).sqrt() if self.sharded else own

    def _overflowed(self, reading: Reading) -> bool:
        """Whether fp16's loss scaling was too high for this update, which the scaler has skipped and answers by lowering it."""
        return self.settings.precision == "16" and math.isfinite(reading.loss) and not math.isfinite(reading.grad_norm)

    def _lr(self) -> float:
        return float(self.optimiser.param_groups[0]["lr"])

    def _progress(self, share: float) -> Progress:
        course, reading = self.course, self.course.reading
        assert reading is not None
        return Progress(
            step=course.step,
            samples=course.samples,
            epoch=self.epoch,
            seconds=course.seconds,
            share=share,
            seconds_left=course.seconds * (1 - share) / share if share > 0 else None,
            loss=reading.loss,
            rank=reading.rank,
            deviation=reading.deviation,
            lr=self._lr(),
            pace=self.pace,
            notes=tuple(self.notes),
        )


def _channels_last(view: Batch) -> Batch:
    if view.values.ndim == 4 and view.values.is_floating_point():
        return view.replace(values=view.values.contiguous(memory_format=torch.channels_last))
    return view
