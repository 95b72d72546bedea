"""One recording into one array. libsndfile reads WAV, FLAC, OGG, MP3 and more; without it the standard library reads plain WAV."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from selflearn.errors import MissingExtraError

ENDINGS = {".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".w64"}
UNREAD = {".m4a", ".aac", ".wma", ".amr", ".ac3"}
"""Sound that libsndfile does not read; it is recognised, so that it can be said what to do."""
_DEEP = {"PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ALAC_20", "ALAC_24", "ALAC_32"}
_ROUGH = {"MP3", "OGG"}  # their headers estimate how long they are
FASTEST = 1_000_000
"""Samples a second beyond which a header is taken for damaged: a filter to a lower rate would not fit the memory."""
_MARGIN = 0.05  # seconds read beyond a piece, so that its resampling knows what lies around it


class Unreadable(Exception):  # noqa: N818  (not an error of the program: one recording is left out)
    """A recording that cannot be a sample; the message says why."""


@dataclass(frozen=True)
class Header:
    """What a recording says of itself before it is decoded; `deep` ones have more than 16 bits."""

    frames: int
    rate: int
    channels: int
    deep: bool = False


def library() -> Any:
    """The module soundfile, or None where it (or the libsndfile it needs) is not installed."""
    try:
        import soundfile
    except (ImportError, OSError):
        return None
    return soundfile


def missing() -> MissingExtraError:
    """The error that names the one command which installs it."""
    return MissingExtraError("soundfile", "sound", "read FLAC, OGG, MP3 and other compressed recordings")


def is_sound(path: str | Path) -> bool:
    """Whether a file has the ending, or else the first bytes, of a recording."""
    ending = os.path.splitext(path)[1].lower()
    if ending in ENDINGS or ending in UNREAD:
        return True
    if ending:
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return looks_like_sound(head)


def looks_like_sound(head: bytes) -> bool:
    """Whether first bytes are those of a recording."""
    return head.startswith((b"fLaC", b"OggS", b"ID3")) or (head[:4] == b"RIFF" and head[8:12] == b"WAVE")


def reason(error: BaseException) -> str:
    """Why a recording could not be read, for a person."""
    if isinstance(error, Unreadable):
        return str(error)
    if isinstance(error, PermissionError):
        return "no permission to read it"
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, MemoryError):
        return "too large for the memory"
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"damaged: {text.rsplit(': ', 1)[-1][:120]}"


def examine(source: str | bytes) -> Header:
    """The header of a file (by path) or of encoded bytes.

    Raises
    ------
    Unreadable : empty, of 0 Hz, truncated, or of a format that is not read.
    """
    _check(source)
    with _opened(source) as file:
        header = _header(file)
    if header.rate < 1:
        raise Unreadable("its header says 0 Hz")
    if header.rate > FASTEST:
        raise Unreadable(f"its header says {header.rate:,} Hz, and at most {FASTEST:,} are read")
    if header.frames < 1:
        raise Unreadable("it has a length of zero")
    return header


def decode(source: str | bytes, begin: float = 0.0, seconds: float | None = None) -> tuple[np.ndarray, int]:
    """(samples, channels) float32 in [-1, 1] from `begin` on, for `seconds` or to the end; and their rate.

    Raises
    ------
    Unreadable : truncated.
    """
    with _opened(source) as file:
        header = _header(file)
        first = min(round(begin * header.rate), header.frames)
        wanted = header.frames - first if seconds is None else min(round(seconds * header.rate), header.frames - first)
        values = _read(file, first, wanted)
        rough = getattr(file, "format", "") in _ROUGH
    if len(values) < wanted and not rough:
        raise Unreadable(f"truncated: {len(values) + first:,} of {header.frames:,} samples are there")
    return values, header.rate


def resample(values: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """(samples, channels) at another rate, without aliasing: a polyphase filter (Kaiser window)."""
    if rate == wanted or not len(values):
        return values
    from scipy.signal import resample_poly

    shared = gcd(rate, wanted)
    changed: np.ndarray = resample_poly(values, wanted // shared, rate // shared, axis=0)
    return changed.astype(np.float32, copy=False)


def resampled_length(frames: int, rate: int, wanted: int) -> int:
    """How many samples `resample` gives."""
    shared = gcd(rate, wanted)
    return -(-frames * (wanted // shared) // (rate // shared))


def margin(rate: int, wanted: int) -> float:
    """Seconds to read beyond a piece; none where nothing is resampled."""
    return 0.0 if rate == wanted else _MARGIN


def _check(source: str | bytes) -> None:
    """What is told of a file before a library opens it, for libraries are silent of it or unclear."""
    size = len(source) if isinstance(source, bytes) else os.stat(source).st_size
    if size == 0:
        raise Unreadable("the file is empty (0 bytes)")
    if isinstance(source, str) and os.path.splitext(source)[1].lower() in UNREAD:
        raise Unreadable("this format is not read; convert it first: ffmpeg -i FILE FILE.flac")
    with open(source, "rb") if isinstance(source, str) else io.BytesIO(source) as file:
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            _check_wav(file, size)


def _check_wav(file: BinaryIO, size: int) -> None:
    """What libsndfile does not say: it cuts a WAV file silently to what is there, and the standard library divides by its rate."""
    while len(head := file.read(8)) == 8:
        name, length = head[:4], struct.unpack("<I", head[4:])[0]
        if name == b"fmt ":
            content = file.read(length)
            if len(content) >= 8 and struct.unpack("<I", content[4:8])[0] == 0:
                raise Unreadable("its header says 0 Hz")
            file.seek(length % 2, os.SEEK_CUR)
        elif name == b"data":
            there = size - file.tell()
            if length > there and length < 0xFFFF_F000:  # what is written to a pipe does not know its length
                raise Unreadable(f"truncated: its header tells of {length:,} bytes of sound, and {there:,} are there")
            return
        else:
            file.seek(length + length % 2, os.SEEK_CUR)
    raise Unreadable("it has no sound: its header ends before any")


@contextlib.contextmanager
def _opened(source: str | bytes) -> Iterator[Any]:
    """A `soundfile.SoundFile`, or a `wave.Wave_read` where soundfile is not there."""
    given: Any = io.BytesIO(source) if isinstance(source, bytes) else source
    soundfile = library()
    if soundfile is not None:
        with soundfile.SoundFile(given) as file:
            yield file
        return
    try:
        with wave.open(given, "rb") as plain:
            yield plain
    except wave.Error as error:
        raise Unreadable(f"{error}: {missing()}") from error


def _header(file: Any) -> Header:
    if isinstance(file, wave.Wave_read):
        return Header(file.getnframes(), file.getframerate(), file.getnchannels(), file.getsampwidth() > 2)
    return Header(file.frames, file.samplerate, file.channels, file.subtype in _DEEP)


def _read(file: Any, first: int, frames: int) -> np.ndarray:
    if not isinstance(file, wave.Wave_read):
        if first:
            file.seek(first)
        values: np.ndarray = file.read(frames, dtype="float32", always_2d=True)
        return values
    file.setpos(first)
    width, content = file.getsampwidth(), file.readframes(frames)
    if width == 1:
        whole = (np.frombuffer(content, dtype=np.uint8).astype(np.float32) - 128) / 128
    else:
        four = np.zeros((len(content) // width, 4), dtype=np.uint8)
        four[:, 4 - width :] = np.frombuffer(content, dtype=np.uint8).reshape(-1, width)
        whole = four.reshape(-1).view("<i4").astype(np.float64) / 2**31
    return whole.astype(np.float32).reshape(-1, file.getnchannels())
