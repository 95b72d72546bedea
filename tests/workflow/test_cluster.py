"""A cluster that is not there is one clear message, whatever is missing of it."""

from __future__ import annotations

import socket
import sys

import pytest

from selflearn.errors import MissingExtraError, RunError
from selflearn.workflow.cluster import cluster, need_ray


def test_without_ray_the_one_command_that_installs_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"ray is needed to tune on a cluster: pip install 'selflearn\[ray\]'"):
        need_ray("tune on a cluster")


@pytest.mark.parametrize("address", ["somewhere", "host:", ":6379", "ray://host"])
def test_what_is_no_address_is_told(address):
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'selflearn[ray]'")
    with pytest.raises(RunError, match="write local, auto, HOST:PORT"), cluster(address, "embed"):
        pass


def test_where_nobody_listens_is_told_at_once():
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'selflearn[ray]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(RunError, match=f"no Ray cluster answers at {address}.*ray start --head"), cluster(address, "embed"):
        pass
