from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from selflearn.data import read
from selflearn.data.images import ImageBatch, ImageSpec
from selflearn.data.images.decode import HEADERS, Header, as_row
from selflearn.data.images.survey import choose_layout
from selflearn.errors import DataError

Pictures = Callable[..., list[Path]]
RNG = np.random.default_rng(0)


def stored(source: Any, **options: Any) -> tuple[np.ndarray, ImageSpec]:
    data = read(source, **options)
    assert isinstance(data.spec, ImageSpec)
    return data.batch(np.arange(len(data))).values.numpy(), data.spec


@pytest.mark.parametrize("ending", ["png", "bmp", "tiff", "gif", "webp", "jpg"])
def test_every_format_is_read(tmp_path: Path, pictures: Pictures, ending: str) -> None:
    paths = pictures(tmp_path, 8, ending=ending)
    values, spec = stored(tmp_path)
    assert (spec.channels, spec.colour, spec.dtype) == (3, True, "uint8")
    for value, path in zip(values, paths, strict=True):
        assert np.array_equal(value.transpose(1, 2, 0), np.asarray(Image.open(path).convert("RGB")))


@pytest.mark.parametrize(("mode", "channels"), [("1", 1), ("L", 1), ("P", 3), ("RGB", 3), ("RGBA", 3), ("LA", 1), ("CMYK", 3)])
def test_every_mode_is_read(tmp_path: Path, pictures: Pictures, mode: str, channels: int) -> None:
    paths = pictures(tmp_path, 8, mode=mode, ending="tiff" if mode == "CMYK" else "png")
    values, spec = stored(tmp_path)
    assert spec.channels == channels
    expected = np.asarray(Image.open(paths[0]).convert("RGB" if channels == 3 else "L")).reshape(10, 12, channels)
    assert np.array_equal(values[0].transpose(1, 2, 0), expected)


def test_a_grey_palette_is_grey(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 8, mode="L", ending="gif")
    assert stored(tmp_path)[1].channels == 1


def test_sixteen_bits_and_real_numbers_are_kept(tmp_path: Path) -> None:
    deep = RNG.integers(0, 65_536, (8, 10, 12), dtype=np.uint16)
    real = RNG.normal(size=(8, 10, 12)).astype(np.float32)
    for number in range(8):
        for folder, pixels in (("deep", deep[number]), ("real", real[number])):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / folder / f"{number}.tiff")
        Image.fromarray(deep[number]).save(tmp_path / "deep" / f"{number}_png.png")
    values, spec = stored(tmp_path / "deep")
    assert spec.dtype == "uint16"
    assert spec.low < spec.high <= 65_535
    assert np.array_equal(values[0::2, 0], deep)
    assert np.array_equal(values[1::2, 0], deep)
    values, spec = stored(tmp_path / "real")
    assert spec.dtype == "float32"
    assert np.array_equal(values[:, 0], real)


def test_depths_together_become_the_deepest(tmp_path: Path, pictures: Pictures) -> None:
    shallow = pictures(tmp_path, 8, mode="L")
    Image.fromarray(np.full((10, 12), 65_535, dtype=np.uint16)).save(tmp_path / "z.png")
    values, spec = stored(tmp_path)
    assert spec.dtype == "uint16"
    assert np.array_equal(values[0, 0], np.asarray(Image.open(shallow[0])).astype(np.uint16) * 257)
    assert any("depths differ" in note for note in read(tmp_path).facts.notes)


def test_nan_pixels_of_a_file_are_skipped(tmp_path: Path) -> None:
    for number in range(9):
        pixels = RNG.normal(size=(10, 12)).astype(np.float32)
        pixels[0, 0] = np.nan if number == 4 else 0
        Image.fromarray(pixels).save(tmp_path / f"{number}.tiff")
    data = read(tmp_path)
    assert [(item.what, item.why) for item in data.facts.skipped] == [("4.tiff", "it has NaN or infinite pixels")]


TURNED = {  # how the rows and columns of a stored picture lie for a person, by the EXIF standard's table of orientations
    1: lambda p: p, 2: lambda p: p[:, ::-1], 3: lambda p: p[::-1, ::-1], 4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2), 6: lambda p: p.transpose(1, 0, 2)[:, ::-1],
    7: lambda p: p.transpose(1, 0, 2)[::-1, ::-1], 8: lambda p: p.transpose(1, 0, 2)[::-1],
}  # fmt: skip


@pytest.mark.parametrize("ending", ["jpg", "png", "tiff", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(tmp_path: Path, orientation: int, ending: str) -> None:
    written = []
    for number in range(8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        written.append(np.kron(RNG.integers(0, 2, (2, 4, 1)), np.ones((8, 8, 3))).astype(np.uint8) * 255)
        options = {"lossless": True} if ending == "webp" else {"quality": 95} if ending == "jpg" else {}
        Image.fromarray(written[-1]).save(tmp_path / f"{number}.{ending}", exif=exif, **options)
    values, spec = stored(tmp_path)
    assert (spec.width, spec.height) == ((32, 16) if orientation < 5 else (16, 32))
    for value, pixels in zip(values, written, strict=True):
        assert np.abs(value.transpose(1, 2, 0).astype(int) - TURNED[orientation](pixels)).max() <= 2
    assert read(tmp_path).batch([0]).aspect is None  # type: ignore[attr-defined]
    assert any("EXIF" in note for note in read(tmp_path).facts.notes) == (orientation > 1)


def test_transparency_lies_over_white_where_it_varies(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path, 8)
    pixels = np.zeros((10, 12, 4), dtype=np.uint8)
    pixels[:5, :, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "z.png")
    values, _ = stored(tmp_path)
    assert (values[8, :, :5] == 0).all()
    assert (values[8, :, 5:] == 255).all()
    assert any("1 picture with transparency" in note for note in read(tmp_path).facts.notes)


def test_the_first_page_and_frame_is_taken(tmp_path: Path) -> None:
    for number in range(8):
        first, second = (Image.fromarray(RNG.integers(0, 256, (10, 12), dtype=np.uint8)) for _ in range(2))
        name = f"{number}.tiff" if number % 2 else f"{number}.gif"
        first.save(tmp_path / name, save_all=True, append_images=[second])
    values, _ = stored(tmp_path)
    assert np.array_equal(values[1, 0], np.asarray(Image.open(tmp_path / "1.tiff")))
    assert any("8 pictures of several pages or frames" in note for note in read(tmp_path).facts.notes)


def test_mixed_sizes_are_stored_square_with_their_aspect(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path / "wide", 5, size=(40, 10))
    pictures(tmp_path / "high", 4, size=(10, 40))
    data = read(tmp_path)
    batch = data.batch(np.arange(9))
    assert isinstance(batch, ImageBatch)
    assert batch.values.shape == (9, 3, 20, 20)
    assert batch.aspect is not None
    assert batch.aspect.tolist() == [0.25] * 4 + [4.0] * 5
    assert batch.select(batch.labels == 0).aspect.tolist() == [0.25] * 4
    assert data.picture(0, 40).size == (10, 40)
    assert data.picture(8, 40).size == (40, 10)
    assert any("2 sizes (longer side 40 to 40); stored as 20 x 20" in note for note in data.facts.notes)


def test_reducing_keeps_the_mean_and_removes_what_is_finer_than_a_pixel(tmp_path: Path) -> None:
    checks = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    for number in range(8):
        checks[:, : number * 8] = 0
        Image.fromarray(checks).save(tmp_path / f"{number}.png")
    values, spec = stored(tmp_path, size=32)
    assert (spec.height, spec.width) == (32, 32)
    assert np.abs(values[0, 0, 2:-2, 2:-2].astype(int) - 127).max() <= 2


def header(width: int, height: int) -> Header:
    return Header(width, height, False, "uint8", "PNG")


@pytest.mark.parametrize(
    ("sizes", "size", "stored_as"),
    [
        ([(28, 28)], None, (28, 28)),
        ([(96, 96)], None, (96, 96)),
        ([(512, 512)], None, (128, 128)),
        ([(512, 512)], 64, (64, 64)),
        ([(32, 32)], 64, (32, 32)),  # never enlarged
        ([(200, 50)], None, (200, 50)),  # of less area than 128 x 128
        ([(4000, 1000)], None, (256, 64)),
        ([(30, 30), (40, 40), (50, 50)], None, (40, 40)),
        ([(3000, 2000), (2000, 3000)], None, (128, 128)),
    ],
)
def test_the_stored_size(sizes: list[tuple[int, int]], size: int | None, stored_as: tuple[int, int]) -> None:
    layout = choose_layout(np.array([as_row(header(*each)) for each in sizes], dtype=HEADERS), size)
    assert (layout.width, layout.height) == stored_as


def test_other_pictures_are_read_as_an_encoder_needs_them(tmp_path: Path, pictures: Pictures) -> None:
    pictures(tmp_path / "grey", 8, mode="L", size=(16, 16))
    pictures(tmp_path / "colour", 3, size=(30, 20))
    spec = read(tmp_path / "grey").spec
    other = read(tmp_path / "colour", like=spec)
    batch = other.batch([0, 1, 2])
    assert other.spec == spec
    assert batch.values.shape == (3, 1, 16, 16)
    assert isinstance(batch, ImageBatch)
    assert batch.aspect is not None
    assert batch.aspect.tolist() == [1.5] * 3
    assert any("3 pictures in colour: stored as grey" in note for note in other.facts.notes)
    with pytest.raises(DataError, match="5 channels"):
        read(tmp_path / "grey", like=ImageSpec(channels=5, height=8, width=8, mean=(0.5,) * 5, std=(1,) * 5))
