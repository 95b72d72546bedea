"""The store of fetched shards: bounded, whole or absent, shared by processes."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from selflearn.data.shards.store import Store


def write(size: int):
    return lambda path: path.write_bytes(b"x" * size)


def test_the_longest_unused_goes_first_and_the_limit_holds(tmp_path: Path) -> None:
    store = Store(tmp_path, limit=250)
    for number, key in enumerate("abcd"):
        path = store.get(key, 100, write(100))
        assert path is not None
        os.utime(path, (number, number))
    os.utime(tmp_path / "c.shard", (99, 99))
    store._touched.clear()
    store.get("e", 100, write(100))
    assert store.used() <= 250
    assert store.find("e")
    assert store.find("c")
    assert store.find("a") is None


def test_what_fails_leaves_nothing_and_is_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path, limit=1000)

    def half(path: Path) -> None:
        path.write_bytes(b"half")
        raise ConnectionError("away")

    with pytest.raises(ConnectionError):
        store.get("a", 100, half)
    assert store.used() == 0
    path = store.get("a", 100, write(100))
    assert path is not None
    assert path.read_bytes() == b"x" * 100


def test_the_remains_of_a_process_that_died_are_swept(tmp_path: Path) -> None:
    part = tmp_path / "a.1234.part"
    part.write_bytes(b"x" * 100)
    os.utime(part, (1, 1))
    Store(tmp_path, limit=1000).get("b", 10, write(10))
    assert not part.exists()


def fetch_slowly(folder: Path, log: Path) -> None:
    def make(path: Path) -> None:
        with log.open("a") as file:
            file.write("made\n")
        time.sleep(0.2)
        path.write_bytes(b"y" * 50)

    path = Store(folder, limit=1000).get("k", 50, make)
    assert path is not None
    assert path.read_bytes() == b"y" * 50


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks; either copy is good there")
def test_processes_that_want_one_shard_fetch_it_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    context = multiprocessing.get_context("fork")
    running = [context.Process(target=fetch_slowly, args=(tmp_path / "store", log)) for _ in range(4)]
    for each in running:
        each.start()
    for each in running:
        each.join(30)
        assert each.exitcode == 0
    assert log.read_text() == "made\n"
