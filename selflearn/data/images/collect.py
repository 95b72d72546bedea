"""From encoded pictures to a dataset: find them decoded, or survey, choose a layout, decode in parallel and keep the result."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from selflearn.data.cache import settle, settled
from selflearn.data.dataset import Facts, Skipped
from selflearn.data.images.cache import VERSION, Decoded, PictureCache, content_key
from selflearn.data.images.decode import Layout, decode, reason
from selflearn.data.images.measure import measure, sample_rows
from selflearn.data.images.origins import Origin
from selflearn.data.images.spec import ImageSpec
from selflearn.data.images.store import ArrayImages, Images, StreamedImages
from selflearn.data.images.survey import Survey, choose_layout, notes_on, survey
from selflearn.data.labels import take
from selflearn.data.options import ReadOptions
from selflearn.data.threads import in_threads
from selflearn.errors import DataError


def collect(origin: Origin, facts: Facts, options: ReadOptions) -> Images:
    """The pictures of `origin` as a dataset: from the cache, decoded now, or decoded for each batch where they are too many.

    Parameters
    ----------
    origin : encoded pictures.
    facts : of all of them; cut to those that turn out usable, the others being listed as skipped.

    Raises
    ------
    DataError : not one usable picture.
    """
    like = options.like if isinstance(options.like, ImageSpec) else None
    cache = _cache(origin, options, like)
    decoded = cache.load() if cache else None
    if decoded is not None and (options.cache_limit is None or decoded.values.nbytes <= options.cache_limit):
        return _dataset(decoded, facts, like, origin)
    found = survey(origin, options)
    if not len(found):
        raise DataError(_nothing_usable(found.failed, facts))
    layout = choose_layout(found.headers, options.size, like)
    job = _Job(origin, found, layout, options, notes_on(found, facts.ids, layout))
    if cache and options.cache_limit is None and settled(cache.place).exists():
        job.notes.append(f"decoded anew for each batch, as before: {settled(cache.place)} says so, and may be removed")
        return job.stream(facts, like)
    if cache and job.bytes <= options.room_on_disk():
        try:
            return _dataset(job.to_disk(cache), facts, like, origin)
        except OSError as error:
            job.notes.append(f"no cache could be kept in {cache.place.parent}: {error.strerror or error}")
    if job.bytes <= options.room_in_memory():
        return _dataset(job.decode_into(np.empty(job.shape, dtype=layout.dtype)), facts, like, origin)
    job.notes.append(f"decoded pictures would take {job.bytes / 1e9:.3g} GB: they are decoded anew for each batch")
    if cache and options.cache_limit is None:
        settle(cache.place)
    return job.stream(facts, like)


@dataclass
class _Job:
    """The work of decoding surveyed pictures into one layout."""

    origin: Origin
    found: Survey
    layout: Layout
    options: ReadOptions
    notes: list[str]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.found), *self.layout.shape)

    @property
    def bytes(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.layout.dtype).itemsize

    @property
    def mixed(self) -> bool:
        """Whether any picture's proportions differ, by more than rounding, from the stored ones."""
        stored = self.layout.width / self.layout.height
        return bool((np.abs(self.found.aspect - stored) > 0.01 * stored).any())

    def decode_into(self, values: np.ndarray) -> Decoded:
        positions = self.found.positions
        aspect = np.ones(len(positions), dtype=np.float32)

        def work(row: int) -> str | None:
            self.origin.approach(int(positions[row]))
            try:
                with self.origin.open(int(positions[row])) as image:
                    values[row], aspect[row] = decode(image, self.layout)
            except DataError:  # not this picture's fault: a server that does not come back, a full disk
                raise
            except Exception as error:  # one bad file never ends a run
                return reason(error)
            return None

        total = len(self.origin) + len(positions)
        answers = list(in_threads(work, range(len(positions)), self.options, total, done=len(self.origin)))
        rows = np.array([row for row, answer in enumerate(answers) if answer is None], dtype=np.int64)
        failed = self.found.failed | {int(positions[row]): answer for row, answer in enumerate(answers) if answer is not None}
        kept_aspect = aspect[rows] if self.mixed else None
        return Decoded(values, rows, positions[rows], kept_aspect, failed, self.notes, content_key(values, rows))

    def to_disk(self, cache: PictureCache) -> Decoded:
        target, values = cache.begin(self.shape, self.layout.dtype)
        try:
            return cache.finish(target, self.decode_into(values))
        except BaseException:
            cache.abandon(target)
            raise

    def stream(self, facts: Facts, like: ImageSpec | None) -> StreamedImages:
        """Only the sample that is measured is decoded now."""
        positions = self.found.positions
        chosen = positions[sample_rows(len(positions), int(np.prod(self.layout.shape)))]
        sampled = replace(self, found=self.found.only(chosen))
        decoded = sampled.decode_into(np.empty((len(chosen), *self.layout.shape), dtype=self.layout.dtype))
        if not len(decoded.rows):
            raise DataError(_nothing_usable(decoded.failed, facts))
        usable = np.setdiff1d(positions, np.array(sorted(decoded.failed), dtype=np.int64))
        aspect = self.found.only(usable).aspect.astype(np.float32) if self.mixed else None
        stamp = self.origin.stamp() or decoded.content
        content = hashlib.blake2b(f"{stamp} {self.layout} {len(usable)}".encode(), digest_size=16).hexdigest()
        spec = _spec(decoded, like)
        kept = StreamedImages(spec, _cut(facts, usable, decoded.failed, self.notes), content, self.origin, usable, aspect)
        kept.blocks = None if self.origin.blocks is None else self.origin.blocks.take(usable)
        return kept


def _cache(origin: Origin, options: ReadOptions, like: ImageSpec | None) -> PictureCache | None:
    stamp = origin.stamp() if options.cache else None
    if stamp is None:
        return None
    form = (like.channels, like.height, like.width, like.dtype) if like else options.size
    return PictureCache(options.cache_folder, hashlib.blake2b(f"{VERSION} {stamp} {form}".encode(), digest_size=16).hexdigest())


def _dataset(decoded: Decoded, facts: Facts, like: ImageSpec | None, origin: Origin) -> ArrayImages:
    if not len(decoded.rows):
        raise DataError(_nothing_usable(decoded.failed, facts))
    whole = len(decoded.rows) == len(decoded.values)
    kept = ArrayImages(
        _spec(decoded, like),
        _cut(facts, decoded.positions, decoded.failed, decoded.notes),
        decoded.content,
        decoded.values,
        None if whole else decoded.rows,
        decoded.aspect,
    )
    # The order of batches must not depend on whether there was room to keep pictures decoded.
    kept.blocks = None if origin.blocks is None else origin.blocks.take(decoded.positions)
    return kept


def _spec(decoded: Decoded, like: ImageSpec | None) -> ImageSpec:
    if like is not None:
        return like
    rows = decoded.rows[sample_rows(len(decoded.rows), int(np.prod(decoded.values.shape[1:])))]
    sample = np.asarray(decoded.values[rows])
    return measure(sample, colour=sample.shape[1] == 3)


def _cut(facts: Facts, positions: np.ndarray, failed: dict[int, str], notes: list[str]) -> Facts:
    kept = take(facts, positions)
    skipped = [Skipped(facts.ids[position], why) for position, why in sorted(failed.items())]
    return replace(kept, skipped=[*facts.skipped, *skipped], notes=[*kept.notes, *notes])


def _nothing_usable(failed: dict[int, str], facts: Facts) -> str:
    first = "; ".join(f"{facts.ids[position]}: {why}" for position, why in list(sorted(failed.items()))[:3])
    return f"none of {len(facts.ids)} pictures can be used ({first})"
