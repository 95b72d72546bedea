"""Work in a forked process: cheap, for nothing is imported again, and it may be killed or die without harm to this one."""

from __future__ import annotations

import os
import signal
import time
import traceback
from collections.abc import Callable

MOST = 60_000  # bytes of an answer, which must fit into a pipe


def forked(work: Callable[[], str], kill_after: float | None = None) -> tuple[str, int]:
    """What `work` says in a child, "" where it raised or was killed (after so many seconds, if asked); and how the child ended.

    Returns
    -------
    The word, and a status as of `os.waitpid`.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            os.write(writing, work().encode()[:MOST])
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.close(writing)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    with os.fdopen(reading) as pipe:
        word = pipe.read()
    return word, os.waitpid(child, 0)[1]
