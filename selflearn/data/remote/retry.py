"""Patience with servers: what may pass is tried again, longer and longer, up to a limit; everything else is told at once."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from selflearn.errors import DataError, MissingExtraError

PATIENCE = 300.0
"""Seconds for which a server may be away; $SELFLEARN_RETRY_SECONDS overrules it."""

_FIRST, _LONGEST = 0.5, 5.0  # seconds between attempts
_FINAL = (
    DataError,
    MissingExtraError,
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    NotADirectoryError,
    FileExistsError,
    BlockingIOError,
)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
_LIBRARIES = (
    "botocore",
    "aiobotocore",
    "aiohttp",
    "urllib3",
    "requests",
    "httpx",
    "google",
    "gcsfs",
    "adlfs",
    "azure",
    "huggingface_hub",
    "http",
    "ssl",
)
_HOPELESS = (
    "NoCredentials",
    "PartialCredentials",
    "ParamValidation",
    "InvalidEndpoint",
    "ProfileNotFound",
    "NotFound",
    "InvalidURL",
)
Out = TypeVar("Out")
_GIVEN_UP = threading.Event()
_OWN = threading.local()


class Unreachable(DataError):  # noqa: N818  (a state, not a mistake)
    """A server did not come back for as long as one waited."""


def patience() -> float:
    """Seconds for which a server may be away.

    Raises
    ------
    DataError : $SELFLEARN_RETRY_SECONDS is no number.
    """
    asked = os.environ.get("SELFLEARN_RETRY_SECONDS", "")
    try:
        return max(0.0, float(asked)) if asked else PATIENCE
    except ValueError as error:
        raise DataError(f"SELFLEARN_RETRY_SECONDS is a number of seconds, not {asked!r}") from error


def be_impatient() -> None:
    """Let this thread, which only works ahead, try everything once: who really needs it will wait, and count."""
    _OWN.impatient = True


def retried(work: Callable[[], Out], what: str, on_retry: Callable[[], None] | None = None) -> Out:
    """The answer of `work`, which is tried again while its failure is one that may pass.

    Parameters
    ----------
    what : the URL, for messages.
    on_retry : called before each new attempt.

    Raises
    ------
    Unreachable : the server did not come back in time.
    Exception : whatever else went wrong, as it was raised.
    """
    began, wait, told = time.monotonic(), _FIRST, False
    while True:
        try:
            return work()
        except Exception as error:
            if not passing(error):
                raise
            spent, limit = time.monotonic() - began, 0.0 if getattr(_OWN, "impatient", False) else patience()
            if spent + wait > limit:
                raise Unreachable(
                    f"{what} cannot be reached ({said(error)}), tried for {spent:.0f} s; when it is there again, the run can be "
                    "continued with --resume. SELFLEARN_RETRY_SECONDS sets how long to wait"
                ) from error
            if not told:
                told = True
                warnings.warn(
                    f"{what} cannot be reached ({said(error)}): trying again for {limit:.0f} s", RuntimeWarning, stacklevel=2
                )
            if _GIVEN_UP.wait(wait):
                raise
            wait = min(2 * wait, _LONGEST)
            if on_retry is not None:
                on_retry()


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads of which none goes on, or waits for a server, when one of them has failed or the user has interrupted."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    except BaseException:
        _GIVEN_UP.set()
        pool.shutdown(cancel_futures=True)
        _GIVEN_UP.clear()
        raise
    pool.shutdown()


def passing(error: BaseException) -> bool:
    """Whether a failure may pass by itself: a server that is away or busy, a broken connection."""
    if isinstance(error, _FINAL) or any(word in type(error).__name__ for word in _HOPELESS):
        return False
    if isinstance(error, ValueError) and not isinstance(error, OSError):  # a name that no server will ever know
        return False
    status = getattr(error, "status", None) or getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int) and 400 <= status < 500:
        return status in {408, 425, 429}
    if (
        isinstance(error, ConnectionError | TimeoutError | asyncio.TimeoutError)
        or type(error).__module__.split(".")[0] in _LIBRARIES
    ):
        return True
    # Arrow says of damaged files, too, that they are an OSError, but then without a number.
    return isinstance(error, OSError) and error.errno is not None and error.errno not in _FULL


def said(error: BaseException) -> str:
    """A failure in one line."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:200]
