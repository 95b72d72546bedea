"""Candidates of a rung trained by the workers of a Ray cluster, as tasks: a candidate's folder holds all of its state.

Tasks and not Ray Tune: the ladder waits for a whole rung and settles it by one rule, so that a choice is reproducible; Tune's
schedulers decide trial by trial, as trials happen to end. And a candidate is a run folder with exact checkpoints already.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selflearn.data import ReadOptions, read
from selflearn.errors import DataError, RunError, SelflearnError
from selflearn.training import Budget
from selflearn.workflow.cluster import cluster, need_ray
from selflearn.workflow.reporter import Reporter
from selflearn.workflow.request import Request
from selflearn.workflow.tuning.bench import Bench
from selflearn.workflow.tuning.space import Candidate
from selflearn.workflow.tuning.standing import Standing
from selflearn.workflow.tuning.workers import Workers

RETRIES = 5  # of a task whose worker died; it goes on from the candidate's last checkpoint
_benches: dict[str, Bench] = {}  # of this worker process: the data is read once


def ray_workers(address: str) -> Workers:
    """The workers of the cluster at an address (see `selflearn.workflow.cluster`).

    Raises
    ------
    MissingExtraError : Ray is not installed.
    """
    need_ray("tune on a cluster")
    return OnRay(address)


class OnRay:
    """Each candidate is a task of one processor, or of one GPU where the cluster has any. All machines must share the folders."""

    def __init__(self, address: str) -> None:
        self.address = address

    @contextmanager
    def ready(self, bench: Bench) -> Iterator[None]:
        """Join the cluster."""
        if bench.request.source is None:
            raise DataError("the workers of a cluster read the data themselves: give a path instead of objects in memory")
        self.task: dict[str, Any] = {
            "request": bench.request.model_dump(),
            "out": str(bench.out.absolute()),
            "course": str(bench.course),
        }
        with cluster(self.address, "tune on a cluster") as self.ray:
            yield

    def climb(
        self, candidates: list[Candidate], rung: int, share: float, reporter: Reporter
    ) -> Iterator[tuple[Candidate, Standing]]:
        """All at once, as far as the cluster has room; in the order in which they end."""
        gpu = self.task["request"]["device"] != "cpu" and self.ray.cluster_resources().get("GPU", 0) >= 1
        room = {"num_gpus": 1} if gpu else {"num_cpus": 1}
        remote = self.ray.remote(max_retries=RETRIES, **room)(climb_there)
        waiting = {remote.remote(self.task, each.to_json(), rung, share): each for each in candidates}
        while waiting:
            (done,), _ = self.ray.wait(list(waiting), num_returns=1)
            each = waiting.pop(done)
            yield each, Standing(**self._result(done, each))
            reporter.work(f"rung {rung + 1}", len(candidates) - len(waiting), len(candidates))

    def _result(self, done: Any, each: Candidate) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.ray.get(done)
        except self.ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, SelflearnError):
                raise error.cause from None
            raise RunError(f"{each.title}: {error.cause!r}") from error
        except self.ray.exceptions.RayError as error:
            raise RunError(f"{each.title}: its workers died {RETRIES + 1} times: {str(error).splitlines()[0]}") from error
        return found


def climb_there(task: dict[str, Any], candidate: dict[str, Any], rung: int, share: float) -> dict[str, Any]:
    """What a worker does: bring one candidate to a rung. Plain values in and out."""
    key = f"{task['out']} {task['course']}"
    if key not in _benches:
        request = Request.of(**task["request"])
        options = ReadOptions(kind=request.kind, more=request.read, labels=request.labels, groups=request.groups, size=request.size)
        _benches[key] = Bench(read(request.source, options), request, Path(task["out"]), Budget.parse(task["course"]))
    return vars(_benches[key].climb(Candidate(**candidate), rung, share))
