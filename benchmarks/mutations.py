"""Files that were damaged at random, as input and as what a run left: none may crash the reader, none may be taken for whole.

python -m benchmarks.mutations [--inputs 700] [--states 300]

Every trial is a process of its own. An input must be read or refused with one of our errors, within `SECONDS`. Of a run, whatever
is opened must be what it was before the damage, or refused; a resumed run must end with the weights of one that never stopped.
"""

from __future__ import annotations

import argparse
import collections
import functools
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import torch

from benchmarks.common import keep
from benchmarks.forks import forked
from benchmarks.kills import CASES, attempt, cut_off, learned
from selflearn import workflow
from selflearn.data import read
from selflearn.data.images.pack import pack
from selflearn.errors import SelflearnError

SECONDS = 60


def mutated(content: bytes, draw: random.Random) -> bytes:
    """A few bytes changed, a piece cut out, doubled, zeroed or cut off, or bytes put in."""
    if not content:
        return bytes(draw.randrange(256) for _ in range(8))
    place, length = draw.randrange(len(content)), draw.randint(1, max(1, min(len(content) // 4, 4096)))
    before, piece, after = content[:place], content[place : place + length], content[place + length :]
    way = draw.choice(["bytes", "bits", "cut", "double", "zero", "end", "insert"])
    if way in {"bytes", "bits"}:
        changed = bytearray(content)
        for _ in range(draw.choice([1, 1, 4, 32])):
            where = draw.randrange(len(changed))
            changed[where] = draw.randrange(256) if way == "bytes" else changed[where] ^ 1 << draw.randrange(8)
        return bytes(changed)
    made = {
        "cut": before + after,
        "double": before + piece + piece + after,
        "zero": before + bytes(len(piece)) + after,
        "end": before,
        "insert": before + bytes(draw.randrange(256) for _ in range(min(length, 64))) + piece + after,
    }
    return made[way]


def apart(work: Callable[[], str]) -> str:
    """What a forked process says: its word, the name of the error that was not ours, or how it died."""

    def judged() -> str:
        signal.alarm(SECONDS)
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        warnings.simplefilter("ignore")
        try:
            return work()
        except SelflearnError as error:
            return f"refused: {str(error).splitlines()[0]}" if str(error) else "crashed: an error without a word"
        except BaseException as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            return f"crashed: {type(error).__name__}: {str(error)[:200]} ({Path(where.filename).name}:{where.lineno})"

    word, status = forked(judged)
    if word:
        return word
    return "slow" if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM else f"crashed: status {status}"


def examples(folder: Path) -> dict[str, Path]:
    """One small valid source a format, each in a folder of its own: a file, or files of which one will be damaged."""
    import pandas
    import soundfile
    from PIL import Image

    draw = np.random.default_rng(0)
    made: dict[str, Path] = {}

    def place(name: str) -> Path:
        (folder / name).mkdir(parents=True)
        made[name] = folder / name
        return folder / name

    for ending in ("png", "jpg", "gif", "webp", "tif", "bmp"):
        where = place(f"pictures.{ending}")
        for number in range(10):
            Image.fromarray(draw.integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(where / f"{number}.{ending}")
    for ending in ("wav", "flac", "ogg", "mp3"):
        where = place(f"sound.{ending}")
        for number in range(10):
            soundfile.write(where / f"{number}.{ending}", draw.normal(0, 0.1, 2000), 8000)
    pictures, waves = draw.integers(0, 256, (20, 8, 8), dtype=np.uint8), draw.normal(size=(20, 2, 50)).astype(np.float32)
    labels = np.arange(20) % 2
    shards(made["pictures.png"], place)
    np.savez(place("pictures.npz") / "a.npz", images=pictures, labels=labels)
    np.save(place("pictures.npy") / "a.npy", pictures)
    np.savez(place("series.npz") / "a.npz", values=waves, labels=labels)
    walks = pandas.DataFrame(draw.normal(size=(400, 3)).cumsum(0), columns=["x", "y", "z"])
    walks.insert(0, "time", pandas.date_range("2024-01-01", periods=400, freq="s"))
    walks.to_csv(place("series.csv") / "a.csv", index=False)
    walks.to_parquet(place("series.parquet") / "a.parquet", index=False)
    rows = [f"{','.join(f'{value:.4f}' for value in row)}:{label}" for row, label in zip(waves[:, 0], labels, strict=True)]
    head = "@problemName a\n@timeStamps false\n@univariate true\n@equalLength true\n@classLabel true 0 1\n@data\n"
    (place("series.ts") / "a.ts").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    table = pandas.DataFrame(
        {"age": draw.integers(18, 90, 60), "pay": draw.normal(size=60), "town": draw.choice(["a", "b", "c"], 60)}
    )
    table["day"] = pandas.date_range("2024-01-01", periods=60)
    table.to_csv(place("table.csv") / "a.csv", index=False)
    table.to_csv(place("table.csv.gz") / "a.csv.gz", index=False)
    table.to_parquet(place("table.parquet") / "a.parquet", index=False)
    table.to_feather(place("table.feather") / "a.feather")
    words = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "seven", "wizards", "box"]
    texts = [" ".join(draw.choice(words, 8)) for _ in range(40)]
    (place("texts.txt") / "a.txt").write_text("\n".join(texts), encoding="utf-8")
    (place("texts.jsonl") / "a.jsonl").write_text("\n".join(json.dumps({"text": each}) for each in texts), encoding="utf-8")
    letters = ["".join(draw.choice(list("ACGT"), 40)) for _ in range(30)]
    (place("letters.fasta") / "a.fasta").write_text("".join(f">s{n}\n{each}\n" for n, each in enumerate(letters)), encoding="utf-8")
    import networkx

    graph = networkx.karate_club_graph()
    for number in graph:
        graph.nodes[number].clear()
        graph.nodes[number].update(size=float(number), weight=float(number % 3))
    for *_, told in graph.edges(data=True):
        told.clear()
    networkx.write_graphml(graph, place("graph.graphml") / "a.graphml")
    return made


def shards(pictures: Path, place: Callable[[str], Path]) -> None:
    """The same pictures in tars, in tars with an index beside each, and in a column of Parquet."""
    bare = place("shards.tar")
    pack(pictures, bare, 6000)
    for index in bare.glob("*.npz"):
        index.unlink()
    pack(pictures, place("shards.tar and index"), 6000)
    encoded = [{"bytes": path.read_bytes(), "path": path.name} for path in sorted(pictures.iterdir())]
    pyarrow.parquet.write_table(pyarrow.table({"image": encoded}), place("shards.parquet") / "a.parquet", row_group_size=4)


def inputs(count: int, base: Path, draw: random.Random) -> dict[str, Any]:
    """Damage one file of a source, and read the source."""
    sources = examples(base / "whole")
    for source in sources.values():  # what reading needs is imported before anything is forked
        files = list(source.iterdir())
        read(str(source if len(files) > 1 else files[0]), cache=False)
    words: list[str] = []
    odd: dict[str, str] = {}
    for number in range(count):
        name = list(sources)[number % len(sources)]
        trial = base / "trial"
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(sources[name], trial)
        files = sorted(trial.iterdir())
        broken = draw.choice(files)
        broken.write_bytes(mutated(broken.read_bytes(), draw))
        source = trial if len(files) > 1 else broken

        def reading(source: Path = source) -> str:
            dataset = read(str(source), cache=False)
            dataset.batch(np.arange(min(len(dataset), 8)))
            return "read"

        word = apart(reading)
        words.append(word.split(":")[0])
        if words[-1] not in {"read", "refused"}:
            odd[f"{name} {number}"] = word
            shutil.copytree(trial, base / "odd" / f"{number}", dirs_exist_ok=True)
            print(name, word, base / "odd" / f"{number}", flush=True)
    return {"trials": count, "formats": len(sources), **collections.Counter(words), "odd": odd}


def states(count: int, base: Path, draw: random.Random) -> dict[str, Any]:
    """Damage one file of what a run left; half of the trials resume it, half open it."""
    case = CASES["vicreg, table"]
    case.data  # noqa: B018 (read before anything is forked)
    began = time.perf_counter()
    whole = attempt(case, base / "whole")
    cut_off(case, base / "cut", time.perf_counter() - began)
    finished = base / "finished"
    said = [apart(functools.partial(_finish, finished)), apart(functools.partial(_opened, finished))]
    expected = said[-1]
    if said[0] != "done" or ":" in expected:
        sys.exit(f"there is no finished run to damage: {said}")
    words: list[str] = []
    odd: dict[str, str] = {}
    for number in range(count):
        trial = base / "trial"
        shutil.rmtree(trial, ignore_errors=True)
        resumes = number % 2 == 0
        shutil.copytree(base / "cut" if resumes else finished, trial)
        files = [each for each in sorted(trial.rglob("*.pt" if resumes else "*")) if each.is_file() and each.stat().st_size]
        broken = draw.choice(files)
        broken.write_bytes(mutated(broken.read_bytes(), draw))
        word = apart(functools.partial(learned, case, trial, resume=True) if resumes else functools.partial(_opened, trial))
        name = broken.name if not resumes else "checkpoint"
        if word == (whole if resumes else expected):
            words.append("as before")
        elif word.startswith("refused"):
            words.append("refused")
        else:
            words.append("crashed" if word.startswith("crashed") else "slow" if word == "slow" else "other than before")
            odd[f"{name} {number}"] = word[:300]
            print(name, words[-1], word[:300], flush=True)
    return {"trials": count, **collections.Counter(words), "odd": odd}


def _finish(path: Path) -> str:
    torch.set_num_threads(1)
    workflow.learn("digits", out=path, budget="20steps", recipe="simclr")
    return "done"


def _opened(path: Path) -> str:
    """A digest of what a finished run says: embeddings of new data, stored embeddings, verdict, scorecard."""
    torch.set_num_threads(1)
    run = workflow.load(path)
    digest = hashlib.sha256(run.embed(np.arange(16 * 64, dtype=np.uint8).reshape(16, 8, 8)).tobytes())
    ids, vectors, labels, learns = run.embeddings()
    for part in (vectors, labels, learns, np.array(ids)):
        digest.update(np.ascontiguousarray(part).tobytes())
    digest.update(json.dumps([run.verdict.to_json(), run.scorecard.to_json()], sort_keys=True).encode())
    return digest.hexdigest()


def main() -> None:
    """Both, with the same seed each time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=700)
    parser.add_argument("--states", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.perf_counter()
    base = Path(tempfile.mkdtemp(prefix="mutations-"))
    figures = {
        "inputs": inputs(asked.inputs, base / "inputs", random.Random(asked.seed)),
        "states": states(asked.states, base / "states", random.Random(asked.seed)),
        "seconds": round(time.perf_counter() - began),
    }
    keep("mutations", figures)
    bad = [name for part in ("inputs", "states") for name in figures[part]["odd"]]
    sys.exit(f"{len(bad)} were neither whole nor refused; sources are in {base}" if bad else 0)


if __name__ == "__main__":
    main()
