"""A Ray cluster: the one of this machine, one that is already there, or one at an address. Only here Ray is started or left."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from selflearn.errors import MissingExtraError, RunError

STORE = 128 * 2**20  # bytes of shared memory on this machine: only names and numbers pass through it, data goes from and to files
PATIENCE = 5.0  # seconds that an address has to answer


def need_ray(purpose: str) -> Any:
    """The module `ray`; `MissingExtraError` says how to get it."""
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "ray", purpose) from error
    return ray


@contextmanager
def cluster(address: str, purpose: str) -> Iterator[Any]:
    """Meanwhile a Ray cluster is at hand; gives the module `ray`. One that this process already uses is used, and not left.

    Parameters
    ----------
    address : "local" starts one on this machine, for as long as it is needed; "auto" takes the one that this machine belongs to;
        otherwise ``HOST:PORT`` or ``ray://HOST:PORT``.

    Raises
    ------
    MissingExtraError : Ray is not installed.
    RunError : no cluster answers there.
    """
    ray = need_ray(purpose)
    if ray.is_initialized():
        yield ray
        return
    logging.getLogger("ray").setLevel(logging.ERROR)
    quiet: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    if address == "local":
        quiet |= {"num_cpus": os.cpu_count() or 1, "object_store_memory": STORE}
    elif address != "auto":
        _knock(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False, **quiet)
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        first = (str(error).strip().splitlines() or [""])[0]
        raise RunError(f"no Ray cluster answers at {address}: {first}. Start one: ray start --head; or use --ray local") from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Whether anyone listens there: Ray itself would try for a minute."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise RunError(f"{address!r} is no address of a Ray cluster: write local, auto, HOST:PORT or ray://HOST:PORT")
    try:
        with socket.create_connection((host, int(port)), PATIENCE):
            return
    except OSError as error:
        why = error.strerror or str(error)
        raise RunError(f"no Ray cluster answers at {address}: {why}. Start one: ray start --head; or use --ray local") from error
