"""Reading sound: whatever the form, the samples are those that were written."""

from __future__ import annotations

import struct
import wave
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import torch

from selflearn.data import ReadOptions, read, recognise
from selflearn.data.sound import StoredSound, StreamedSound, decode
from selflearn.errors import DataError, MissingExtraError


class Recordings(Protocol):
    def __call__(self, folder: Path, count: int = 10, rate: int = 8000, seconds: float = 0.2) -> list[Path]: ...


def tone(number: int, rate: int = 8000, seconds: float = 0.2) -> np.ndarray:
    """A tone of its own pitch and length, at half of full scale, int16."""
    steps = np.arange(round(rate * seconds * (1 + 0.1 * (number % 5))))
    return (16_000 * np.sin(2 * np.pi * (200 + 37 * number) * steps / rate)).astype(np.int16)


def write(path: Path, values: np.ndarray, rate: int = 8000) -> Path:
    """16-bit WAV of (samples,) or (samples, channels)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if values.ndim == 1 else values.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(values.astype("<i2").tobytes())
    return path


@pytest.fixture
def recordings() -> Recordings:
    """Writes `count` different tones as WAV files."""

    def made(folder: Path, count: int = 10, rate: int = 8000, seconds: float = 0.2) -> list[Path]:
        return [write(folder / f"{number:03d}.wav", tone(number, rate, seconds), rate) for number in range(count)]

    return made


def test_a_folder_gives_what_was_written(tmp_path: Path, recordings: Recordings) -> None:
    recordings(tmp_path / "data")
    found = recognise(tmp_path / "data")
    assert found.kind == "sound"
    data = read(tmp_path / "data")
    assert isinstance(data, StoredSound)
    assert data.spec.rate == 8000
    assert data.spec.varies
    batch = data.batch([3, 0])
    assert batch.values.dtype == torch.int16
    for row, number in enumerate((3, 0)):
        expected = tone(number)
        assert batch.lengths[row] == len(expected)
        assert np.array_equal(batch.values[row, 0, : len(expected)].numpy(), expected)
        assert not batch.values[row, 0, len(expected) :].any()
    assert torch.equal(batch.mask.sum(1), batch.lengths)
    assert data.picture(0).size == (96, 96)
    assert data.words(0) == "0.20 s, peak -6 dB, mean -9 dB"


def test_folders_are_classes(tmp_path: Path, recordings: Recordings) -> None:
    for name in ("dog", "cat"):
        recordings(tmp_path / name, 6)
    (tmp_path / "readme.md").write_text("words")
    data = read(tmp_path, kind="sound")
    assert data.facts.classes == ["cat", "dog"]
    assert data.facts.labels.tolist() == [0] * 6 + [1] * 6
    assert any("1 other file passed by" in note for note in data.facts.notes)


@pytest.mark.parametrize("ending", ["flac", "ogg", "mp3"])
def test_compressed_recordings(tmp_path: Path, ending: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    for number in range(8):
        soundfile.write(tmp_path / f"{number}.{ending}", tone(number, 16_000, 0.5).astype(np.float32) / 32_768, 16_000)
    data = read(tmp_path, cache=False)
    expected = tone(2, 16_000, 0.5)
    found = data.batch([2]).values[0, 0, : len(expected)].numpy().astype(np.float64)
    assert not data.facts.skipped
    if ending == "flac":
        assert np.array_equal(found, expected)
    else:  # lossy, and may be moved by the codec's delay: compare what it sounds like
        peak = [int(np.abs(np.fft.rfft(each[:8000])).argmax()) for each in (found, expected.astype(np.float64))]
        assert abs(peak[0] - peak[1]) <= 1


def test_other_rates_are_resampled_and_channels_mixed(tmp_path: Path) -> None:
    for number in range(8):
        write(tmp_path / f"{number}.wav", tone(number))
    loud = tone(9, 16_000)
    write(tmp_path / "other.wav", np.stack([loud, np.zeros_like(loud)], axis=1), 16_000)
    data = read(tmp_path, cache=False)
    assert data.spec.rate == 8000
    row = data.facts.ids.index("other.wav")
    expected = tone(9) / 2
    found = data.batch([row]).values[0, 0, : len(expected)].numpy()
    assert np.abs(found[50:-50] - expected[50:-50]).max() < 0.02 * 16_000
    assert any("resampled" in note and "1 at 16,000 Hz" in note for note in data.facts.notes)
    assert any("mixed to one" in note for note in data.facts.notes)
    both = read(tmp_path, more={"channels": "all", "rate": 16_000}, cache=False)
    assert both.batch([row]).values.shape[1] == 2
    assert np.array_equal(both.batch([row]).values[0, 0, : len(loud)].numpy(), loud)
    first = both.batch([0]).values[0]
    assert torch.equal(first[0], first[1])


def test_long_recordings_are_cut_into_windows_of_one_group_each(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(-9000, 9000, (3, 8000 * 10)).astype(np.int16)
    for number in range(3):
        write(tmp_path / f"{number}.wav", noise[number])
    data = read(tmp_path, more={"window": 1.0, "stride": 0.5})
    assert len(data) == 3 * 19
    assert not data.spec.varies
    assert data.facts.ids[1] == "0.wav @ 0.5 s"
    assert np.array_equal(data.batch([1]).values[0, 0].numpy(), noise[0, 4000:12_000])
    assert np.bincount(data.facts.groups).tolist() == [19, 19, 19]
    assert read(tmp_path).spec.windowed
    like = read([tmp_path / "1.wav"], like=data.spec)
    assert len(like) == 19
    assert np.array_equal(like.batch([18]).values[0, 0].numpy(), noise[1, 72_000:])


def test_unusually_long_ones_are_cut_and_it_is_said(tmp_path: Path, recordings: Recordings) -> None:
    recordings(tmp_path, 12, seconds=0.5)
    write(tmp_path / "long.wav", tone(0, seconds=9.0))
    data = read(tmp_path)
    assert data.spec.length < 3 * 8000
    assert any("cut to their beginning" in note and "9 s" in note for note in data.facts.notes)


def test_a_table_of_paths(tmp_path: Path, recordings: Recordings) -> None:
    recordings(tmp_path / "files")
    rows = "\n".join(f"files/{number:03d}.wav,{number % 2},p{number // 2}" for number in range(10))
    (tmp_path / "list.csv").write_text(f"path,label,speaker\n{rows}\n")
    assert recognise(tmp_path / "list.csv").kind == "sound"
    data = read(tmp_path / "list.csv")
    assert data.facts.labels.tolist() == [0, 1] * 5
    assert data.facts.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_archives_end_to_end_with_offsets(tmp_path: Path) -> None:
    pieces = [tone(number) for number in range(10)]
    ends = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])])
    np.savez(tmp_path / "set.npz", audio=np.concatenate(pieces), offsets=ends, labels=np.arange(10) % 3, rate=np.int32(8000))
    assert recognise(tmp_path / "set.npz").kind == "sound"
    data = read(tmp_path / "set.npz")
    assert data.facts.labels.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    assert np.array_equal(data.batch([4]).values[0, 0, : len(pieces[4])].numpy(), pieces[4])
    np.savez(tmp_path / "bad.npz", audio=np.concatenate(pieces), offsets=ends + 1, rate=np.int32(8000))
    with pytest.raises(DataError, match="must rise from 0"):
        read(tmp_path / "bad.npz", kind="sound")


def test_arrays_need_a_rate() -> None:
    arrays = [tone(number).astype(np.float32) / 32_768 for number in range(9)]
    with pytest.raises(DataError, match="--read rate="):
        read(arrays, kind="sound")
    data = read(arrays, kind="sound", more={"rate": 8000})
    assert data.spec.dtype == "float32"
    assert np.allclose(data.batch([2]).values[0, 0, : len(arrays[2])].numpy(), arrays[2])
    rows = np.stack([tone(5 * number, seconds=0.3) for number in range(9)])
    assert not read(rows, kind="sound", more={"rate": 8000}).spec.varies
    with pytest.raises(DataError, match="no reading option 'rat'; did you mean 'rate'"):
        read(arrays, kind="sound", more={"rat": 8000})


def test_the_second_reading_decodes_nothing(tmp_path: Path, recordings: Recordings, monkeypatch: pytest.MonkeyPatch) -> None:
    recordings(tmp_path / "data")
    first = read(tmp_path / "data", cache_dir=tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr(decode, "_opened", None)
        second = read(tmp_path / "data", cache_dir=tmp_path / "cache")
    assert second.fingerprint == first.fingerprint
    assert second.spec == first.spec
    expected = first.batch([0]).values.clone()
    assert torch.equal(second.batch(range(10)).values, first.batch(range(10)).values)
    (values,) = (tmp_path / "cache" / "sound").glob("*/values-*.npy")
    content = bytearray(values.read_bytes())
    content[200:9000] = bytes(8800)
    values.write_bytes(content)
    assert torch.equal(read(tmp_path / "data", cache_dir=tmp_path / "cache").batch([0]).values, expected)
    write(tmp_path / "data" / "000.wav", tone(7))
    assert read(tmp_path / "data", cache_dir=tmp_path / "cache").fingerprint != first.fingerprint


@pytest.mark.parametrize("rate", [8000, 6000])
def test_what_exceeds_the_limit_is_decoded_for_each_batch(tmp_path: Path, recordings: Recordings, rate: int) -> None:
    recordings(tmp_path)
    options = {"more": {"rate": rate, "window": 0.1}, "cache": False}
    stored, streamed = read(tmp_path, **options), read(tmp_path, **options, cache_limit=100)
    assert isinstance(streamed, StreamedSound)
    assert streamed.facts.ids == stored.facts.ids
    assert streamed.spec == stored.spec
    first, second = (each.batch([5, 2, 9]).values.float() for each in (stored, streamed))
    assert (first - second).abs().max() <= (0 if rate == 8000 else 200)
    (tmp_path / "001.wav").unlink()
    lost = next(row for row, name in enumerate(streamed.facts.ids) if name.startswith("001"))
    with pytest.warns(RuntimeWarning, match="heard as silence"):
        assert not streamed.batch([lost]).values.any()
    assert streamed.incidents() == ["1 sample could not be read when wanted: silence took the place"]


def test_data_stays_what_it_was_when_there_is_more_room_later(
    tmp_path: Path, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings(tmp_path / "data")
    with monkeypatch.context() as patch:
        for name in ("room_on_disk", "room_in_memory"):
            patch.setattr(ReadOptions, name, lambda self: 1000)
        before = read(tmp_path / "data", cache_dir=tmp_path / "cache")
    assert isinstance(before, StreamedSound)
    again = read(tmp_path / "data", cache_dir=tmp_path / "cache")
    assert again.fingerprint == before.fingerprint, "a run that began then could not be resumed"


def test_without_soundfile_plain_wav_is_read_alike_and_the_rest_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile = pytest.importorskip("soundfile")
    wide = np.random.default_rng(0).uniform(-0.9, 0.9, (8, 2000))
    for number, form in enumerate(["PCM_16", "PCM_24", "PCM_32", "PCM_U8"] * 2):
        soundfile.write(tmp_path / f"{number}.wav", wide[number], 8000, subtype=form)
    with_library = read(tmp_path, cache=False)
    monkeypatch.setattr(decode, "library", lambda: None)
    alone = read(tmp_path, cache=False)
    assert not alone.facts.skipped
    assert torch.allclose(alone.batch(range(8)).values, with_library.batch(range(8)).values, atol=1e-6)
    soundfile.write(tmp_path / "9.flac", wide[0], 8000)
    with pytest.raises(MissingExtraError, match=r"pip install 'selflearn\[sound\]'"):
        read(tmp_path, cache=False)


def test_bad_recordings_are_skipped_and_counted(tmp_path: Path, recordings: Recordings) -> None:
    soundfile = pytest.importorskip("soundfile")
    recordings(tmp_path)
    whole = (tmp_path / "000.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "b.wav").write_bytes(whole[:1000])
    (tmp_path / "c.wav").write_bytes(whole[:24] + struct.pack("<I", 0) + whole[28:])
    (tmp_path / "d.wav").write_bytes(b"no sound at all, but words")
    write(tmp_path / "e.wav", np.zeros(4000, dtype=np.int16))
    write(tmp_path / "f.wav", np.empty(0, dtype=np.int16))
    write(tmp_path / "g.wav", tone(0)[:20])
    soundfile.write(tmp_path / "h.wav", np.array([0.1, np.nan, 0.3] * 1000), 8000, subtype="FLOAT")
    (tmp_path / "i.m4a").write_bytes(b"some other codec")
    soundfile.write(tmp_path / "j.wav", tone(1) * 1e20, 8000, subtype="FLOAT")
    soundfile.write(tmp_path / "k.wav", tone(1) * 1e-20, 8000, subtype="FLOAT")
    (tmp_path / "l.wav").write_bytes(whole[:24] + struct.pack("<I", 2**31 - 1) + whole[28:])
    data = read(tmp_path)
    why = {item.what: item.why for item in data.facts.skipped}
    assert len(data) == 10
    expected = {"a": "0 bytes", "b": "truncated", "c": "0 Hz", "d": "damaged", "e": "silent", "f": "length of zero",
                "g": "shorter than 0.01 s", "h": "NaN", "i": "convert it", "j": "full scale is 1", "k": "silent",
                "l": "2,147,483,647 Hz"}  # fmt: skip
    assert {name[0] for name in why} == set(expected)
    for name, words in expected.items():
        assert any(words in each for file, each in why.items() if file.startswith(name)), (name, why)


def test_recordings_beyond_full_scale_are_not_cut_off(tmp_path: Path, recordings: Recordings) -> None:
    """Real numbers of the size of 16 bits: an encoder of whole numbers hears the tone and no square."""
    soundfile = pytest.importorskip("soundfile")
    recordings(tmp_path / "data")
    like = read(tmp_path / "data").spec
    soundfile.write(tmp_path / "loud.wav", tone(1).astype(np.float32), 8000, subtype="FLOAT")
    (row,) = read([tmp_path / "loud.wav"], kind="sound", like=like).batch([0]).values.numpy()
    expected = tone(1) / np.abs(tone(1)).max() * 32_767
    assert np.abs(row[0, : len(expected)] - expected).max() <= 2


@pytest.mark.parametrize("rate", [0, -8000, float("nan"), 1e12])
def test_an_archive_with_an_impossible_rate_is_refused(tmp_path: Path, rate: float) -> None:
    np.savez(tmp_path / "a.npz", audio=np.concatenate([tone(1)] * 9), offsets=np.arange(10) * len(tone(1)), rate=np.array(rate))
    with pytest.raises(DataError, match="tells a rate of"):
        read(tmp_path / "a.npz", kind="sound")


def test_arrays_of_no_samples_are_skipped_among_others() -> None:
    data = read([np.empty(0, dtype=np.int16), *(tone(number) for number in range(9))], kind="sound", more={"rate": 8000})
    assert [(each.what, each.why) for each in data.facts.skipped] == [("0", "it has a length of zero")]
    with pytest.raises(DataError, match="length of zero"):
        read([np.empty(0, dtype=np.int16)] * 9, kind="sound", more={"rate": 8000})


def test_nothing_to_learn_from_is_one_message(tmp_path: Path, recordings: Recordings) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="there are no recordings"):
        read(tmp_path / "empty", kind="sound")
    recordings(tmp_path / "one", 1)
    with pytest.raises(DataError, match="found 1 sample"):
        read(tmp_path / "one")
    for number in range(9):
        write(tmp_path / "same" / f"{number}.wav", tone(3))
        write(tmp_path / "silent" / f"{number}.wav", np.full(4000, 5, dtype=np.int16))
    with pytest.raises(DataError, match="identical"):
        read(tmp_path / "same")
    with pytest.raises(DataError, match="none of 9 recordings can be used .*silent"):
        read(tmp_path / "silent")
