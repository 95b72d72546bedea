"""A run folder: where everything a plan leaves lies. Files are written beside and renamed, so a reader never meets half of one."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from selflearn.errors import RunError

try:
    import fcntl
except ImportError:  # Windows has no such locks; there, two processes on one run are not kept apart
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = 1
MARK, SUMS = "run.json", "checksums.json"
FINAL = ("config.yaml", "data.json", "environment.json", "scorecard.json", "summary.json")


class RunFolder:
    """An existing run folder. Make one with `RunFolder.create`, open one with `RunFolder.open`.

    Parameters
    ----------
    path : the folder; it must hold the mark that `create` leaves.

    Raises
    ------
    RunError : there is no run, or one of a newer version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._locks = 0
        _check_mark(self.path)

    def __repr__(self) -> str:
        return f"RunFolder({str(self.path)!r})"

    @classmethod
    def create(cls, path: str | Path, *, overwrite: bool = False) -> RunFolder:
        """Make a new run folder; parents are made too.

        Parameters
        ----------
        path : must not exist, or be empty but for hidden files.
        overwrite : replace a run that lies there. A folder that is not a run is never touched.

        Raises
        ------
        RunError : something else lies there, the run there is in use, or the folder cannot be made.
        """
        path = Path(path)
        if cls.check_free(path, overwrite=overwrite):
            with RunFolder(path).lock():
                shutil.rmtree(path, ignore_errors=True)
        try:
            path.mkdir(parents=True, exist_ok=True)
            with replacing(path / MARK) as beside:
                beside.write_text(json.dumps({"schema": SCHEMA}) + "\n", encoding="utf-8")
        except OSError as error:
            raise RunError(f"cannot make the run folder {path}: {error.strerror or error}") from error
        return cls(path)

    @staticmethod
    def check_free(path: str | Path, *, overwrite: bool = False) -> bool:
        """Refuse a place where no new run can be made, and touch nothing; whether a run lies there that is to be replaced.

        Raises
        ------
        RunError : as `create`.
        """
        path = Path(path)
        if not path.exists() or (path.is_dir() and all(child.name.startswith(".") for child in path.iterdir())):
            return False
        if not (path / MARK).is_file():
            raise RunError(f"{path} exists and is not a run; choose another place with --out")
        if not overwrite:
            raise RunError(f"{path} already holds a run; continue it with --resume {path}, or choose another place with --out")
        return True

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """Open a run folder that exists; `RunError` says what is wrong where it cannot be."""
        return cls(path)

    @staticmethod
    def free_path(data: str, recipe: str, base: str | Path = "runs") -> Path:
        """The first of ``runs/<data>-<recipe>``, ``...-2``, ``...-3`` that does not exist."""
        names = itertools.chain([f"{data}-{recipe}"], (f"{data}-{recipe}-{number}" for number in itertools.count(2)))
        return next(path for path in (Path(base) / name for name in names) if not path.exists())

    def file(self, name: str) -> Path:
        """Where the file or folder of this name lies, whether it exists or not."""
        return self.path / name

    @contextmanager
    def replacing(self, name: str) -> Iterator[Path]:
        """A path beside the file to write to; on success it takes the file's place at once, on an error it is removed."""
        with replacing(self.path / name) as beside:
            yield beside

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON. Not-a-number is refused: it is not JSON."""
        self._write(name, _json(value))

    def write_table(self, name: str, table: pa.Table) -> None:
        """Write an Arrow table as Parquet, each page with a checksum."""
        import pyarrow.parquet as pq

        with self.replacing(name) as beside:
            pq.write_table(table, beside, write_page_checksum=True)

    def read_table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """What `write_table` wrote; `RunError` where it is missing or damaged."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        file = self.file(name)
        if not file.exists():
            raise RunError(
                f"{self.path} has no {name}; it stopped before it was made. Continue: selflearn learn --resume {self.path}"
            )
        try:
            return pq.read_table(file, columns=columns, page_checksum_verification=True)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise RunError(f"{file} is damaged: {str(error).splitlines()[0]}") from error

    def finish(self, verdict: Any) -> None:
        """Write `verdict.json`, which marks the run as finished; before it, checksums of what is to stay as it now is."""
        last = _json(verdict)
        texts = {name: self.file(name).read_text(encoding="utf-8") for name in FINAL if self.file(name).exists()}
        self.write_json(SUMS, {name: _sum(text) for name, text in {**texts, "verdict.json": last}.items()})
        self._write("verdict.json", last)

    def write_yaml(self, name: str, value: Any) -> None:
        """Write plain data as YAML, keys in their order."""
        self._write(name, yaml.safe_dump(value, sort_keys=False, allow_unicode=True))

    def read_json(self, name: str) -> Any:
        """What `write_json` wrote; `RunError` where it is missing or damaged."""
        try:
            return json.loads(self._read(name))
        except ValueError as error:
            raise RunError(f"{self.path / name} is damaged: {error}") from error

    def read_yaml(self, name: str) -> Any:
        """What `write_yaml` wrote; `RunError` where it is missing or damaged."""
        try:
            return yaml.safe_load(self._read(name))
        except yaml.YAMLError as error:
            raise RunError(f"{self.path / name} is damaged: {str(error).splitlines()[0]}") from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other process out of this run. Nests; the system frees the lock of a process that died, however it died.

        Raises
        ------
        RunError : a living process works on this run.
        """
        if self._locks == 0:
            self._held = _take(self.path / ".lock")
        self._locks += 1
        try:
            yield
        finally:
            self._locks -= 1
            if self._locks == 0:
                _leave(self.path / ".lock", self._held)

    def _write(self, name: str, text: str) -> None:
        with self.replacing(name) as beside:
            beside.write_text(text, encoding="utf-8")

    def _read(self, name: str) -> str:
        try:
            text = (self.path / name).read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise RunError(f"{self.path} has no {name}; the run stopped before it was written") from error
        except (OSError, UnicodeDecodeError) as error:
            raise RunError(f"cannot read {self.path / name}: {error}") from error
        sealed = name != SUMS and self.file("verdict.json").exists() and self.file(SUMS).exists()
        if sealed and _sum(text) != self._sums().get(name, _sum(text)):
            raise RunError(f"{self.path / name} is damaged: it is not as the run left it; copy it again, or run the learning again")
        return text

    def _sums(self) -> dict[str, str]:
        sums = self.read_json(SUMS)
        if not isinstance(sums, dict):
            raise RunError(f"{self.file(SUMS)} is damaged: it holds no checksums")
        return sums


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Write a file beside `target`, flush it to the disk, rename it over `target`.

    Raises
    ------
    RunError : the disk is full or the folder cannot be written; what was there before is untouched.
    """
    beside = target.with_name(f".{target.name}.writing-{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        flush(beside)
        beside.replace(target)
        flush(target.parent)
    except OSError as error:
        raise RunError(
            f"cannot write {target}: {error.strerror or error}. Free some space or choose another place with --out"
        ) from error
    finally:
        with suppress(OSError):  # its folder is none
            beside.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Have the system put a file, or a folder's list of names, on the disk."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)  # Windows flushes only what may be written
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _check_mark(path: Path) -> None:
    if not path.is_dir():
        raise RunError(f"there is no run at {path}")
    try:
        mark = json.loads((path / MARK).read_text(encoding="utf-8"))
        schema = int(mark["schema"])
    except FileNotFoundError:
        raise RunError(f"{path} is not a run folder: it has no {MARK}") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise RunError(f"{path / MARK} is damaged: {error!r}") from error
    if schema > SCHEMA:
        raise RunError(
            f"{path} was written by a newer selflearn (schema {schema}, this one knows {SCHEMA}): pip install -U selflearn"
        )


_TAKEN: set[Path] = set()  # POSIX record locks keep processes apart, not two owners within one


def _take(path: Path) -> int:
    key = path.resolve()
    if key in _TAKEN:
        raise RunError(f"{path.parent} is in use by this very process")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if fcntl is not None:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise RunError(f"{path.parent} is in use by process {owner}; wait for it, or stop it") from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    _TAKEN.add(key)
    return descriptor


def _leave(path: Path, descriptor: int) -> None:
    """Free the lock. The file stays: removing it would let two processes lock two files of one name."""
    _TAKEN.discard(path.resolve())
    os.close(descriptor)
