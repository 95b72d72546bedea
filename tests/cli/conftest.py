"""The command line in processes of their own, without paying for the imports each time: a warm process forks for every call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Result = subprocess.CompletedProcess[str]

WARM = """
import json, os, resource, sys, traceback
import lightning.pytorch, torch
import selflearn.data.images, selflearn.serving, selflearn.workflow, selflearn.training.stage, selflearn.cli.screen
from selflearn.cli import main
from selflearn.data import KINDS

for kind in KINDS.values():  # a process without rights may not read Python's own folder any more
    __import__(kind)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        os.chdir(asked["cwd"])
        for name, number in (("out", 1), ("err", 2)):
            os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        if asked["largest_file"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest_file"],) * 2)
        if asked["nobody"]:
            os.setuid(65534)
        sys.argv = ["selflearn", *asked["words"]]
        status = 0
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
            status = 70
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="session")
def selflearn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Result]]:
    """Call `selflearn` with words, in a folder; optionally where no file may grow beyond some bytes, or without rights."""
    if not hasattr(os, "fork"):
        pytest.skip("the warm process needs fork")
    folder = tmp_path_factory.mktemp("warm")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", WARM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as warm:
        assert warm.stdin is not None
        assert warm.stdout is not None

        def call(*words: object, cwd: Path, largest_file: int = 0, nobody: bool = False) -> Result:
            out, err = folder / "out", folder / "err"
            asked = {"words": list(map(str, words)), "cwd": str(cwd), "out": str(out), "err": str(err)}
            warm.stdin.write(json.dumps({**asked, "largest_file": largest_file, "nobody": nobody}) + "\n")
            warm.stdin.flush()
            status = int(warm.stdout.readline())
            return subprocess.CompletedProcess(list(words), status, out.read_text(), err.read_text())

        yield call
        warm.kill()
