"""A real S3-compatible server on loopback, in a process of its own that a test may kill and start again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SERVER = Path(__file__).parent / "s3_server.py"


class S3:
    """The server; `folder`/BUCKET/KEY are its objects whenever it starts."""

    def __init__(self, folder: Path, announce: Callable[[str], None]) -> None:
        self.folder, self.port, self.announce = folder, 0, announce
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        command = [sys.executable, str(SERVER), str(self.port), str(self.folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server did not start"
        self.port = int(line)
        self.announce(f"http://127.0.0.1:{self.port}")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """Not started yet: a test first puts files into its folder."""
    pytest.importorskip("moto", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="selflearn[remote] is not installed")
    server = S3(tmp_path / "s3", lambda url: monkeypatch.setenv("AWS_ENDPOINT_URL", url))
    for name, value in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    yield server
    server.kill()
