"""Ranks: processes that learn one model together. How they find each other, and how they agree on what they compare and keep.

Alone, every function here changes nothing. A launcher (torchrun, SLURM) starts the processes and tells each its number in the
environment; `join` makes them a group, `leave` ends it, and the leader, rank 0, goes on alone: it writes, scores and reports.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from selflearn.errors import RunError

PATIENCE = timedelta(minutes=30)  # how long a rank waits for another: one may read a cold disk for so long, and one may have died
LONGEST = 200


@dataclass(frozen=True)
class Place:
    """Where a process stands among those of its launch.

    Attributes
    ----------
    rank, world : its number and how many there are. local, local_world : the same on its machine.
    """

    rank: int = 0
    world: int = 1
    local: int = 0
    local_world: int = 1

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Place:
        """What torchrun or SLURM says; alone where neither does.

        Raises
        ------
        RunError : numbers that contradict each other.
        """
        launchers = [names for names in _LAUNCHERS if names is not _SLURM or "SLURM_STEP_ID" in environment]  # a step: by srun
        found = next((names for names in launchers if all(name in environment for name in names)), None)
        if found is None:
            return cls()
        try:
            rank, world, local, local_world = (int(environment[name].split("(")[0].split(",")[0]) for name in found)
        except ValueError as error:
            told = ", ".join(f"{name}={environment[name]}" for name in found)
            raise RunError(f"the launcher's environment cannot be understood: {told}") from error
        place = cls(rank, world, local, local_world)
        if not (0 <= rank < world and 0 <= local < local_world <= world):
            raise RunError(f"the launcher's environment contradicts itself: {place}")
        return place


_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
_SLURM = ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_TASKS_PER_NODE")
_LAUNCHERS = (_TORCHRUN, _SLURM)
_LOST = ("Connection closed by peer", "Connection reset", "Broken pipe", "Timed out", "timed out", "timeout")
_here = Place()


def _alone() -> bool:
    return not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1


def rank() -> int:
    """The number of this process among those that train together; 0 alone."""
    return 0 if _alone() else dist.get_rank()


def world() -> int:
    """How many processes train together."""
    return 1 if _alone() else dist.get_world_size()


def here() -> Place:
    """Where this process stands in the group that it has joined."""
    return _here if world() > 1 else Place()


def leads() -> bool:
    """Whether this process is the one that writes, scores and reports."""
    return rank() == 0


@contextmanager
def together(environment: Mapping[str, str] | None = None) -> Iterator[Place]:
    """Join the processes of this launch, if there are any; afterwards the group is ended, whatever happened.

    Collective work on the CPU goes by gloo, on GPUs by nccl.

    Raises
    ------
    RunError : the others cannot be reached: the address or port is wrong, in use, or one of them never came.
    """
    place = Place.of(os.environ if environment is None else environment)
    if place.world == 1 or not _alone():
        yield place
        return
    _join(place)
    try:
        yield place
    except RuntimeError as error:
        if any(sign in str(error) for sign in _LOST):
            raise RunError(
                f"process {place.rank} of {place.world} has lost the others: one of them has ended or cannot be reached; what was "
                "saved is not lost: continue with --resume RUN, with the same number of processes"
            ) from error
        raise
    finally:
        leave()


def leave() -> None:
    """End the group; this process goes on alone."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def _join(place: Place) -> None:
    global _here  # noqa: PLW0603 (as torch.distributed itself keeps the group of a process)
    if not dist.is_available():
        raise RunError("this PyTorch was built without torch.distributed; install another build, or start one process only")
    os.environ.setdefault("MASTER_ADDR", _first_node())
    os.environ.setdefault("MASTER_PORT", str(20_000 + int(os.environ.get("SLURM_JOB_ID", "0")) % 20_000))
    where = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    if torch.cuda.is_available():
        torch.cuda.set_device(place.local % torch.cuda.device_count())
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    try:
        dist.init_process_group(backend, rank=place.rank, world_size=place.world, timeout=PATIENCE)
    except (RuntimeError, ValueError, OSError) as error:  # torch's own errors of sockets and stores are RuntimeErrors
        raise RunError(
            f"process {place.rank} of {place.world} cannot join the others at {where} (MASTER_ADDR, MASTER_PORT): "
            f"{str(error).splitlines()[0]}"
        ) from error
    _here = place


def _first_node() -> str:
    nodes = os.environ.get("SLURM_NODELIST") or os.environ.get("SLURM_JOB_NODELIST")
    if not nodes:
        return "127.0.0.1"
    from lightning.fabric.plugins.environments import SLURMEnvironment  # it knows how SLURM writes many nodes in short

    return str(SLURMEnvironment.resolve_root_node_address(nodes))


class _Gather(torch.autograd.Function):
    """Rows of all ranks forward; backward, the sum of what all ranks' losses ask of this rank's rows.

    Every rank computes the loss of the whole batch, and data parallelism averages the gradients of parameters over ranks:
    the sum makes that average the gradient that one process with the whole batch would have.
    """

    @staticmethod
    def forward(context: Any, tensor: Tensor) -> Tensor:
        context.rows = len(tensor)
        parts = [torch.empty_like(tensor) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, tensor.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        first = dist.get_rank() * context.rows
        return gradient[first : first + context.rows]


class _Sum(torch.autograd.Function):
    """The sum over ranks forward; backward, the sum of what all ranks' losses ask of it."""

    @staticmethod
    def forward(context: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total


def gathered(tensor: Tensor) -> Tensor:
    """The rows of every rank, in order of rank, with gradients that reach their owners. Ranks must hold equally many."""
    return tensor if _alone() else _Gather.apply(tensor)


def gathered_rows(tensor: Tensor) -> Tensor:
    """The rows of every rank, in order of rank, detached. Ranks may hold different numbers of them."""
    tensor = tensor.detach()
    if _alone():
        return tensor
    counts = torch.zeros(dist.get_world_size(), dtype=torch.long, device=tensor.device)
    counts[dist.get_rank()] = len(tensor)
    dist.all_reduce(counts)
    filled = torch.cat([tensor, tensor.new_zeros(int(counts.max()) - len(tensor), *tensor.shape[1:])])
    parts = [torch.empty_like(filled) for _ in counts]
    dist.all_gather(parts, filled)
    return torch.cat([part[: int(count)] for part, count in zip(parts, counts, strict=True)])


def rank_sum(tensor: Tensor) -> Tensor:
    """The sum over ranks, with gradients that reach all of them."""
    return tensor if _alone() else _Sum.apply(tensor)


def rank_mean(tensor: Tensor) -> Tensor:
    """The mean over ranks of a statistic, detached."""
    tensor = tensor.detach()
    if _alone():
        return tensor
    total = tensor.clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def rank_weight(count: Tensor) -> Tensor | float:
    """What a rank's mean over `count` things must be multiplied with, so that the mean over ranks is the mean over all things.

    Ranks may hide different numbers of tokens; the plain mean of their means would count a token by how few others its rank has.
    """
    if _alone():
        return 1.0
    mine = count.detach().float()
    total = mine.clone()
    dist.all_reduce(total)
    return mine.clamp(min=1) * dist.get_world_size() / total.clamp(min=1)


def latest(*numbers: float) -> list[float]:
    """The largest of each number over ranks: for clocks and signals, on which all must decide alike. No GPU is waited for."""
    if _alone():
        return list(numbers)
    values = torch.tensor(numbers, dtype=torch.float64)
    dist.all_reduce(values, op=dist.ReduceOp.MAX)
    return [float(value) for value in values]


def from_leader(text: str) -> str:
    """The leader's text, on every rank."""
    if _alone():
        return text
    content = torch.tensor(list(text.encode()), dtype=torch.uint8)
    length = torch.tensor([len(content)])
    dist.broadcast(length, src=0)
    if rank():
        content = torch.empty(int(length), dtype=torch.uint8)
    dist.broadcast(content, src=0)
    return bytes(content.tolist()).decode()


def check_alike(what: str, value: str) -> None:
    """Every rank calls this with its own value, of at most 200 bytes.

    Raises
    ------
    RunError : on every rank, if the values differ; says whose.
    """
    if _alone():
        return
    mine = torch.tensor(list(value.encode()[:LONGEST].ljust(LONGEST)), dtype=torch.uint8)
    parts = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, mine)
    values = [bytes(part.tolist()).decode(errors="replace").rstrip() for part in parts]
    others = [number for number, each in enumerate(values) if each != values[0]]
    if others:
        raise RunError(
            f"process {others[0]} has other {what} than process 0 ({values[others[0]]}, not {values[0]}): start all of them with "
            "the same command, on the same data"
        )


def wait_for_all() -> None:
    """Go on when every rank is here."""
    if not _alone():
        dist.barrier()
