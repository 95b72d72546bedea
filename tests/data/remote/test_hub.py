"""``hf:owner/name`` against a hub on loopback, which speaks as much of the hub's interface as its file system asks for."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

REPOSITORY, COMMIT = "someone/pictures", "0" * 40
PREFIX = f"/api/datasets/{REPOSITORY}"


class Hub(BaseHTTPRequestHandler):
    """The files of `folder` as one data set."""

    folder: Path
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def _entry(self, path: Path) -> dict[str, Any]:
        name = path.relative_to(self.folder).as_posix()
        if path.is_dir():
            return {"type": "directory", "path": name, "oid": "1" * 40, "size": 0}
        return {"type": "file", "path": name, "oid": hashlib.sha1(path.read_bytes()).hexdigest(), "size": path.stat().st_size}

    def _json(self, answer: Any, status: int = 200, **headers: str) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = json.loads(body)["paths"] if body[:1] == b"{" else parse_qs(body.decode())["paths"]
        self._json([self._entry(self.folder / each) for each in asked if (self.folder / each).exists()])

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlparse(self.path).path)
        if path.startswith(f"{PREFIX}/tree/"):
            below = self.folder / path.removeprefix(f"{PREFIX}/tree/").partition("/")[2]
            found = sorted(below.rglob("*")) if "recursive=true" in self.path.lower() else sorted(below.glob("*"))
            self._json([self._entry(each) for each in found])
        elif path == PREFIX or path.startswith(f"{PREFIX}/revision/"):
            self._json({"id": REPOSITORY, "sha": COMMIT, "private": False, "tags": [], "siblings": []})
        elif path.startswith(f"/datasets/{REPOSITORY}/resolve/"):
            self._file(self.folder / path.removeprefix(f"/datasets/{REPOSITORY}/resolve/").partition("/")[2])
        else:
            self._json({"error": "Repository not found"}, 404, **{"X-Error-Code": "RepoNotFound"})

    def _file(self, path: Path) -> None:
        content = path.read_bytes()
        begin, end, status = 0, len(content), 200
        if self.headers.get("Range"):
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            begin, end, status = int(first), min(int(last or end) + 1, end), 206
        self.send_response(status)
        self.send_header("Content-Length", str(end - begin))
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        if status == 206:
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(content)}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content[begin:end])


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    pytest.importorskip("huggingface_hub", reason="selflearn[hub] is not installed")
    folder = tmp_path / "repository"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Here", (Hub,), {"folder": folder}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()


def picture(number: int) -> bytes:
    noise = np.random.default_rng(number).integers(0, 256, (10, 10, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


SCRIPT = """
import json, sys
from selflearn.data import read
from selflearn.errors import DataError
found = {}
for source in sys.argv[1:]:
    try:
        data = read(source, kind="image")
        found[source] = [len(data), data.facts.classes, data.facts.notes, int(data.batch([3]).values.sum())]
    except DataError as error:
        found[source] = str(error)
print(json.dumps(found))
"""


def test_a_data_set_of_the_hub_is_read_by_split_and_what_is_not_there_is_told(tmp_path: Path, hub: tuple[str, Path]) -> None:
    endpoint, folder = hub
    about = {"info": {"features": {"label": {"names": ["ant", "bee"], "_type": "ClassLabel"}}}}
    (folder / "data").mkdir()
    (folder / "README.md").write_text("# pictures\n")
    for split, rows in (("train", range(20)), ("test", range(20, 32))):
        images = [{"bytes": picture(row), "path": f"{row}.png"} for row in rows]
        found = pa.table({"image": images, "label": [row % 2 for row in rows]}).replace_schema_metadata(
            {"huggingface": json.dumps(about)}
        )
        pq.write_table(found, folder / "data" / f"{split}-00000-of-00001.parquet", row_group_size=8)
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "SELFLEARN_CACHE": str(tmp_path / "cache"),
        "HF_HOME": str(tmp_path / "hf"),
    }
    name = f"hf:{REPOSITORY}"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, name, f"{name}:test", f"{name}:validation", "hf:someone/nothing"],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(done.stdout.splitlines()[-1])
    count, classes, notes, total = answers[name]
    assert (count, classes) == (20, ["ant", "bee"])
    assert any("has the splits train, test: train is read" in note for note in notes)
    assert total == int(np.asarray(Image.open(io.BytesIO(picture(3)))).sum())
    assert answers[f"{name}:test"][0] == 12
    assert "has no split 'validation'; it has train, test" in answers[f"{name}:validation"]
    assert "there is nothing at hf://datasets/someone/nothing" in answers["hf:someone/nothing"]
