"""From recordings to a dataset: find them decoded, or look at headers, choose a form, decode in parallel, keep the result."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from selflearn.data.cache import VERSION, Cache, Stored, content_key, settle, settled
from selflearn.data.dataset import Facts, Skipped
from selflearn.data.labels import take
from selflearn.data.options import ReadOptions
from selflearn.data.sound import decode
from selflearn.data.sound.decode import Header, Unreadable, reason, resample
from selflearn.data.sound.form import LEAST, Form, Pieces, choose_form, cut, spec_of
from selflearn.data.sound.options import SoundReading
from selflearn.data.sound.origins import Origin
from selflearn.data.sound.spec import SoundSpec
from selflearn.data.sound.store import Sound, StoredSound, StreamedSound, mixed, quantised
from selflearn.data.threads import in_threads
from selflearn.errors import DataError

_BLOCK = 1024  # samples that are hashed together
LOUDEST, QUIETEST = 2.0**31, 1e-9
"""Peaks of real numbers beside full scale, beyond which squares of a spectrum are infinite or nothing."""


def collect(origin: Origin, facts: Facts, reading: SoundReading, options: ReadOptions) -> Sound:
    """The recordings of `origin` as a dataset: from the cache, decoded now, or decoded for each batch where they are too many.

    Parameters
    ----------
    facts : of all of them; cut to those that turn out usable, the others being listed as skipped.

    Raises
    ------
    DataError : not one usable recording.
    MissingExtraError : soundfile is not installed, and they are not all plain WAV.
    """
    like = options.like if isinstance(options.like, SoundSpec) else None
    cache = _cache(origin, reading, options, like)
    stored = cache.load() if cache else None
    if stored is not None and (options.cache_limit is None or stored.values.nbytes <= options.cache_limit):
        return _dataset(stored, facts, like, origin)
    if origin.compressed() and decode.library() is None:
        raise decode.missing()
    headers, failed = _survey(origin, options)
    if not headers:
        raise DataError(_nothing_usable(failed, facts))
    job = _Job(origin, headers, failed, choose_form(headers, reading, like), options)
    if cache and options.cache_limit is None and settled(cache.place).exists():
        job.form.notes.append(f"decoded anew for each batch, as before: {settled(cache.place)} says so, and may be removed")
        return job.stream(facts, like)
    if cache and job.bytes <= options.room_on_disk():
        try:
            return _dataset(job.to_disk(cache), facts, like, origin)
        except OSError as error:
            job.form.notes.append(f"no cache could be kept in {cache.place.parent}: {error.strerror or error}")
    if job.bytes <= options.room_in_memory():
        return _dataset(job.decode_into(np.zeros(job.shape, dtype=job.form.dtype)), facts, like, origin)
    job.form.notes.append(f"decoded recordings would take {job.bytes / 1e9:.3g} GB: they are decoded anew for each batch")
    if cache and options.cache_limit is None:
        settle(cache.place)
    return job.stream(facts, like)


@dataclass
class _Job:
    """The work of decoding recordings with known headers into one form."""

    origin: Origin
    headers: dict[int, Header]
    failed: dict[int, str]
    form: Form
    options: ReadOptions

    @property
    def positions(self) -> list[int]:
        return sorted(self.headers)

    @property
    def slots(self) -> np.ndarray:
        """(recordings,) samples kept of each, as its header tells."""
        return np.array([self.form.kept(self.headers[each]) for each in self.positions], dtype=np.int64)

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.slots.sum()), self.form.channels

    @property
    def bytes(self) -> int:
        return int(np.prod(self.shape)) * np.dtype(self.form.dtype).itemsize

    def decode_into(self, values: np.ndarray) -> Stored:
        positions, slots = np.array(self.positions, dtype=np.int64), self.slots
        offsets = np.concatenate([[0], np.cumsum(slots)])

        def work(row: int) -> int | str:
            try:
                found = _load(self.origin, int(positions[row]), self.form)[: slots[row]]
                values[offsets[row] : offsets[row] + len(found)] = found
                return len(found)
            except DataError:  # not this recording's fault: a server that does not come back, a full disk
                raise
            except Exception as error:  # one bad file never ends a run
                return reason(error)

        total = len(self.origin) + len(positions)
        answers = list(in_threads(work, range(len(positions)), self.options, total, done=len(self.origin)))
        failed = self.failed | {
            int(position): each for position, each in zip(positions, answers, strict=True) if isinstance(each, str)
        }
        rows = np.array([row for row, each in enumerate(answers) if isinstance(each, int)], dtype=np.int64)
        pieces = cut(np.array([answers[row] for row in rows], dtype=np.int64), self.form)
        index = {
            "positions": positions[rows],
            "owner": pieces.owner,
            "begins": pieces.begins,
            "starts": offsets[rows][pieces.owner] + pieces.begins if len(rows) else pieces.begins,
            "lengths": pieces.lengths,
        }
        content = f"{_content(values)} {_place(pieces)} {self.form.rate}"
        facts: dict[str, Any] = {
            "failed": {str(position): why for position, why in failed.items()},
            "notes": self.form.notes,
            "content": hashlib.blake2b(content.encode(), digest_size=16).hexdigest(),
            "spec": spec_of(pieces, self.form).model_dump(mode="json") if len(rows) else None,
        }
        return Stored(values, index, facts)

    def to_disk(self, cache: Cache) -> Stored:
        target, values = cache.begin(self.shape, self.form.dtype)
        try:
            return cache.finish(target, self.decode_into(values))
        except BaseException:
            cache.abandon(target)
            raise

    def stream(self, facts: Facts, like: SoundSpec | None) -> StreamedSound:
        """Nothing is decoded now; what is silent or damaged inside is found when it is asked for."""
        positions, pieces = np.array(self.positions, dtype=np.int64), cut(self.slots, self.form)
        content = hashlib.blake2b(f"{self.origin.stamp()} {_place(pieces)} {self.form.rate}".encode(), digest_size=16).hexdigest()
        known = _facts(facts, positions, pieces, self.failed, self.form.notes, self.form.rate, bool(self.form.window))
        rates = {position: header.rate for position, header in self.headers.items()}
        spec = like or spec_of(pieces, self.form)
        rows = positions[pieces.owner]
        kept = StreamedSound(spec, known, content, pieces.lengths, self.origin, rows, pieces.begins, rates)
        kept.blocks = None if self.origin.blocks is None else self.origin.blocks.take(rows)
        return kept


def _load(origin: Origin, position: int, form: Form) -> np.ndarray:
    """(samples, channels) of the stored type; raises for what is not a number and what is silent."""
    seconds = None if form.window else form.most / form.rate + decode.margin(0, form.rate)
    values, rate = origin.read(position, 0.0, seconds)
    _check_level(values)
    values = resample(mixed(values, form.channels), rate, form.rate)
    if not form.window:
        values = values[: form.most]
    if len(values) < LEAST * form.rate:
        raise Unreadable(f"it is shorter than {LEAST:g} s")
    if np.ptp(values) == 0:
        raise Unreadable("it is silent: all its values are the same")
    return quantised(values, SoundSpec(rate=form.rate, length=2, usual=2, dtype=form.dtype))


def _check_level(values: np.ndarray) -> None:
    """Refuse what is no sound at all; a quiet or loud recording is as good as any other.

    Raises
    ------
    Unreadable : values that are not numbers, or so large or small that their squares are none in 32 bits.
    """
    peak = float(np.abs(values).max(initial=0.0))
    if not np.isfinite(peak):
        raise Unreadable("it has NaN or infinite values")
    if peak > LOUDEST:
        raise Unreadable(f"its values reach {peak:.3g}, where full scale is 1")
    if 0 < peak < QUIETEST:
        raise Unreadable(f"it is silent: its values stay below {QUIETEST:g}, where full scale is 1")


def _survey(origin: Origin, options: ReadOptions) -> tuple[dict[int, Header], dict[int, str]]:
    """Every header; progress counts this as the first half of the work."""

    def look(position: int) -> Header | str:
        try:
            return origin.header(position)
        except Exception as error:  # one bad file never ends a run
            return reason(error)

    headers: dict[int, Header] = {}
    failed: dict[int, str] = {}
    for position, answer in enumerate(in_threads(look, range(len(origin)), options, 2 * len(origin))):
        if isinstance(answer, Header):
            headers[position] = answer
        else:
            failed[position] = answer
    return headers, failed


def _cache(origin: Origin, reading: SoundReading, options: ReadOptions, like: SoundSpec | None) -> Cache | None:
    stamp = origin.stamp() if options.cache else None
    if stamp is None:
        return None
    form = like.model_dump_json() if like else reading.model_dump_json(exclude={"shuffle", "store"})
    key = hashlib.blake2b(f"{VERSION} {stamp} {form}".encode(), digest_size=16).hexdigest()
    return Cache(options.cache_folder, "sound", key)


def _dataset(stored: Stored, facts: Facts, like: SoundSpec | None, origin: Origin) -> StoredSound:
    index, told = stored.index, stored.facts
    failed = {int(position): why for position, why in told["failed"].items()}
    if not len(index["positions"]):
        raise DataError(_nothing_usable(failed, facts))
    own = SoundSpec.model_validate(told["spec"])
    pieces = Pieces(index["owner"], index["begins"], index["lengths"])
    known = _facts(facts, index["positions"], pieces, failed, told["notes"], own.rate, own.windowed)
    kept = StoredSound(like or own, known, told["content"], pieces.lengths, stored.values, index["starts"])
    kept.blocks = None if origin.blocks is None else origin.blocks.take(index["positions"][pieces.owner])
    return kept


def _facts(
    facts: Facts, positions: np.ndarray, pieces: Pieces, failed: dict[int, str], notes: list[str], rate: int, windowed: bool
) -> Facts:
    """Facts of the samples: of their recordings, which are one group each where windows are cut from them."""
    skipped = [*facts.skipped, *(Skipped(facts.ids[position], why) for position, why in sorted(failed.items()))]
    kept = take(facts, positions[pieces.owner])
    kept = replace(kept, skipped=skipped, notes=[*kept.notes, *notes])
    if windowed:
        kept.ids = [f"{name} @ {begin / rate:g} s" for name, begin in zip(kept.ids, pieces.begins, strict=True)]
        if kept.groups is None and len(positions) > 1:
            kept.groups = pieces.owner.copy()
            kept.notes.append("windows of one recording are one group, so that neighbours are never divided")
    return kept


def _content(values: np.ndarray) -> str:
    """A key of samples: of blocks of them, and of the rest at the end."""
    whole = len(values) // _BLOCK * _BLOCK
    return content_key(values[:whole].reshape(-1, _BLOCK * values.shape[1])) + content_key(values[whole:])


def _place(pieces: Pieces) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in (pieces.owner, pieces.begins, pieces.lengths):
        digest.update(np.ascontiguousarray(part).tobytes())
    return digest.hexdigest()


def _nothing_usable(failed: dict[int, str], facts: Facts) -> str:
    first = "; ".join(f"{facts.ids[position]}: {why}" for position, why in list(sorted(failed.items()))[:3])
    return f"none of {len(facts.ids)} recordings can be used ({first})"
