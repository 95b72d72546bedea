"""Starting processes of this machine that learn together, where no launcher (torchrun, SLURM) has done so."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from selflearn.ranks import Place

GRACE = 10.0  # seconds that a process has to end by itself, once this one is done or has failed


@contextmanager
def followers(processes: int, words: Sequence[str]) -> Iterator[None]:
    """Meanwhile `processes` - 1 others run the same command, and this one is their leader.

    Does nothing for one process, or where a launcher has already given this one a place among others.

    Parameters
    ----------
    words : the command's own, as the others shall get them.
    """
    if processes == 1 or Place.of(os.environ).world > 1:
        yield
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        shared = {
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(free.getsockname()[1]),
            "WORLD_SIZE": str(processes),
            "LOCAL_WORLD_SIZE": str(processes),
        }
    command = [sys.executable, "-m", "selflearn", *words]  # our own program, on the words this process was called with

    def start(number: int) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **shared, "RANK": str(number), "LOCAL_RANK": str(number)}
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603

    started = [start(number) for number in range(1, processes)]
    before = dict(os.environ)
    os.environ.update(shared, RANK="0", LOCAL_RANK="0")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        for each in started:
            _end(each)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
