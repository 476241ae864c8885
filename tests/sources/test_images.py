"""Image files: what a picture holds is seen as it is meant, or refused by name."""

from __future__ import annotations

import itertools
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import tifffile
from makers import clips
from makers.pictures import ORIENTATION, UPRIGHT, bgr, encoded, lying, over_white, scene, wrote
from PIL import Image

from streamcam import ImageSource, open_source
from streamcam.errors import SourceError, StreamcamWarning
from streamcam.sources.images import read_image

LOSSLESS = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}, "AVIF": {"quality": 98}}


def close(image, expected, levels=3):
    """Whether a BGR picture shows an RGB one: the same in the mean, and nowhere far from it."""
    assert image.dtype == np.uint8
    assert image.shape == (*expected.shape[:2], 3)
    difference = np.abs(image.astype(int) - bgr(expected).astype(int))
    assert np.abs(image.mean((0, 1)) - bgr(expected).mean((0, 1))).max() <= levels
    assert np.percentile(difference, 99) <= 3 * levels


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied_once(kind, orientation, tmp_path):
    data = lying(scene(), kind, orientation, **LOSSLESS.get(kind, {}))
    path = wrote(tmp_path / f"a.{kind.lower()}", data)
    with open_source(path) as source:
        [frame] = source
    expected = UPRIGHT[orientation](scene())
    close(frame.image, expected)
    assert (source.info.height, source.info.width) == expected.shape[:2]


def test_orientation_is_found_behind_other_metadata_and_in_either_byte_order(tmp_path):
    plain = encoded(scene(), "JPEG", quality=98, subsampling=0)
    note = b"http://ns.adobe.com/xap/1.0/\0<x/>"
    for order, mark in (("little", b"II*\0\x08\0\0\0"), ("big", b"MM\0*\0\0\0\x08")):
        entry = b"".join(n.to_bytes(size, order) for n, size in ((ORIENTATION, 2), (3, 2), (1, 4), (6, 2), (0, 2)))
        exif = b"Exif\0\0" + mark + (1).to_bytes(2, order) + entry + bytes(4)
        parts = (b"\xff\xe1" + (len(part) + 2).to_bytes(2, "big") + part for part in (note, exif))
        path = wrote(tmp_path / f"{order}.jpg", plain[:2] + b"".join(parts) + plain[2:])
        close(read_image(path), np.rot90(scene(), -1))


def test_deep_tiff_is_turned_too(tmp_path):
    deep = scene().astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb", extratags=[(ORIENTATION, 3, 1, 8, True)])
    close(read_image(tmp_path / "a.tif"), np.rot90(scene(), 1), levels=1)


def grays():
    return scene()[..., 1]


def colour_cases():
    """Of each kind of pixels: bytes, and the RGB that they mean."""
    rgb, gray, wide = scene(), grays(), np.uint16(257)
    three = np.dstack([gray] * 3)
    alpha = np.linspace(0, 255, gray.size).reshape(gray.shape).astype(np.uint8)
    rgba, seen = np.dstack([rgb, alpha]), over_white(np.dstack([rgb, alpha]))
    gray_seen = over_white(np.dstack([three, alpha]))
    picture = Image.fromarray(rgb)
    naive = np.asarray(picture.convert("CMYK").convert("RGB"))
    few = picture.quantize(16)
    clear = np.asarray(few) == 3
    yield "gray.jpg", encoded(gray, "JPEG", quality=98), three
    yield "cmyk.jpg", encoded(picture.convert("CMYK"), "JPEG", quality=98, subsampling=0), naive
    for kind, ending in (("PNG", "png"), ("TIFF", "tif"), ("JPEG2000", "jp2")):
        yield f"gray.{ending}", encoded(gray, kind), three
        yield f"alpha.{ending}", encoded(rgba, kind), seen
        yield (
            f"gray alpha.{ending}",
            encoded(Image.merge("LA", list(map(Image.fromarray, (gray, alpha)))), kind),
            gray_seen,
        )
    yield "alpha.webp", encoded(rgba, "WEBP", lossless=True), seen
    yield "alpha.avif", encoded(rgba, "AVIF", quality=98), seen
    yield "palette.png", encoded(few, "PNG"), np.asarray(few.convert("RGB"))
    yield "palette.gif", encoded(few, "GIF"), np.asarray(few.convert("RGB"))
    shown = np.where(clear[..., None], 255, np.asarray(few.convert("RGB"))).astype(np.uint8)
    yield "palette with a clear colour.png", encoded(few, "PNG", transparency=3), shown
    yield "palette with a clear colour.gif", encoded(few, "GIF", transparency=3), shown
    key = np.where((gray == 90)[..., None], 255, three).astype(np.uint8)
    yield "a clear gray.png", encoded(gray, "PNG", transparency=90), key
    for kind, ending in (("PNG", "png"), ("TIFF", "tif"), ("BMP", "bmp"), ("PPM", "pbm")):
        yield (
            f"bilevel.{ending}",
            encoded(Image.fromarray(gray > 90), kind),
            np.where(three > 90, 255, 0).astype(np.uint8),
        )
    deep = rgb.astype(np.uint16) * wide
    yield "deep.png", cv2.imencode(".png", bgr(deep))[1].tobytes(), rgb
    yield "deep gray.png", cv2.imencode(".png", gray * wide)[1].tobytes(), three
    yield "deep.ppm", cv2.imencode(".ppm", bgr(deep))[1].tobytes(), rgb
    yield "deep gray.pgm", cv2.imencode(".pgm", gray * wide)[1].tobytes(), three
    deep_alpha = np.dstack([bgr(deep), alpha * wide])
    yield "deep alpha.png", cv2.imencode(".png", deep_alpha)[1].tobytes(), seen


COLOURS = {name: (data, expected) for name, data, expected in colour_cases()}


@pytest.mark.parametrize("name", COLOURS)
def test_colours_are_as_they_are_meant(name, tmp_path):
    data, expected = COLOURS[name]
    close(read_image(wrote(tmp_path / name, data)), expected)


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (scene().astype(np.uint16) * 257, {"photometric": "rgb"}),
        (scene().astype(np.uint16) * 257, {"photometric": "rgb", "byteorder": ">"}),
        (scene().transpose(2, 0, 1), {"photometric": "rgb", "planarconfig": "separate"}),
        (scene(), {"photometric": "rgb", "tile": (32, 32)}),
        (scene(), {"photometric": "rgb", "bigtiff": True}),
        (scene(), {"photometric": "rgb", "compression": "zlib", "predictor": True}),
        (np.dstack([255 - scene(), np.zeros_like(scene()[..., 0])]), {"photometric": "separated"}),
    ],
)
def test_tiff_as_scanners_and_cameras_write_it(values, options, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", values, **options)
    close(read_image(tmp_path / "a.tif"), scene(), levels=1)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("scale", [1, 257])
def test_gray_tiff_says_which_end_is_white(photometric, scale, tmp_path):
    values = grays() * np.uint16(scale) if scale > 1 else grays()
    tifffile.imwrite(tmp_path / "a.tif", values, photometric=photometric)
    gray = grays() if photometric == "minisblack" else 255 - grays()
    close(read_image(tmp_path / "a.tif"), np.dstack([gray] * 3), levels=1)


def test_values_that_are_no_colours_are_refused(tmp_path):
    for number, values in enumerate((grays().astype(np.float32), grays().astype(np.int32), scene().astype(np.float32))):
        path = tmp_path / f"{number}.tif"
        tifffile.imwrite(path, values, photometric="rgb" if values.ndim == 3 else "minisblack")
        with pytest.raises(SourceError, match=f"{number}.tif"):
            read_image(path)


def test_four_channels_of_a_jpeg_in_luma_and_chroma(tmp_path):
    data = bytearray(encoded(Image.fromarray(scene()).convert("CMYK"), "JPEG", quality=98, subsampling=0))
    data[data.find(b"Adobe") + 11] = 2  # its channels are YCCK
    path = wrote(tmp_path / "a.jpg", bytes(data))
    with Image.open(path) as other:
        close(read_image(path), np.asarray(other.convert("RGB")))


def test_what_is_behind_a_transparent_picture_can_be_chosen(tmp_path):
    path = wrote(tmp_path / "mask.png", encoded(np.full((8, 8, 4), (255, 255, 255, 0), np.uint8), "PNG"))
    assert (read_image(path) == 255).all()
    assert (read_image(path, background=0) == 0).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000", "PPM"])
def test_an_ending_that_lies_does_not_matter(kind, tmp_path):
    for name in ("a.jpg", "a.png", "a.mp4", "a.gif", "a.heic", "a"):
        with open_source(wrote(tmp_path / name, encoded(scene(), kind))) as source:
            assert isinstance(source, ImageSource)
            [frame] = source
        close(frame.image, scene(), levels=5)


def test_a_video_that_is_called_an_image_is_a_video(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", 5).rename(tmp_path / "a.jpg")
    source, frames = clips.read(path)
    assert not isinstance(source, ImageSource)
    assert len(frames) == 5


def test_of_several_pages_the_first_is_read_and_the_others_are_named(tmp_path):
    path = tmp_path / "a.tiff"
    pages = [np.full((20, 30, 3), value, np.uint8) for value in (10, 120, 240)]
    with tifffile.TiffWriter(path) as file:
        for page in pages:
            file.write(page, photometric="rgb")
        file.write(pages[0][::2, ::2], photometric="rgb", subfiletype=1)  # a small copy
    with pytest.warns(StreamcamWarning, match=r"a.tiff: holds 3 pictures, and only the main one is used"):
        [frame] = ImageSource(path)
    assert (frame.image == 10).all()
    for number, value in enumerate((10, 120, 240)):
        [frame] = ImageSource(path, page=number)
        assert (frame.image == value).all()
    with pytest.raises(SourceError, match="no picture number 3"):
        ImageSource(path, page=3)


def test_a_small_copy_before_the_picture_is_passed_over(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tiff") as file:
        file.write(np.zeros((8, 12, 3), np.uint8), photometric="rgb", subfiletype=1)
        file.write(scene(), photometric="rgb")
    close(read_image(tmp_path / "a.tiff"), scene(), levels=0)


def test_raw_photographs_are_refused_and_not_their_small_copies_read(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.dng") as file:
        file.write(scene(), photometric="rgb", extratags=[(50706, 1, 4, (1, 4, 0, 0), True)])
    with tifffile.TiffWriter(tmp_path / "a.nef") as file:
        file.write(scene(), photometric="rgb", subfiletype=1)
    wrote(tmp_path / "a.cr3", b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom" + bytes(500))
    for name in ("a.dng", "a.nef", "a.cr3"):
        with pytest.raises(SourceError, match=rf"{name}: .*raw photograph"):
            open_source(tmp_path / name)


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\xff\x0a", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"8BPS\0\1", "Photoshop"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_formats_that_are_not_read_are_named(head, what, tmp_path):
    path = wrote(tmp_path / "a.png", head + bytes(300))
    with pytest.raises(SourceError, match=f"a.png: is a .*{what}"):
        open_source(path)


def damaged_pictures():
    rng = np.random.default_rng(0)
    picture = np.clip(scene(200, 150).astype(int) + rng.integers(-20, 20, (150, 200, 3)), 0, 255).astype(np.uint8)
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000", "PPM"):
        data = encoded(picture, kind)
        for share in (0.03, 0.3, 0.6, 0.95):
            yield f"{kind} {share}", data[: int(len(data) * share)]
    compressed = encoded(picture, "TIFF", compression="tiff_lzw")
    yield "TIFF damaged", compressed[:5000] + bytes(200) + compressed[5200:]
    for progressive in (False, True):
        data = encoded(picture, "JPEG", progressive=progressive, restart_marker_rows=0 if progressive else 1)
        half = len(data) // 2
        yield f"JPEG ended early {progressive}", data[:half] + b"\xff\xd9"
    mark = data.find(b"\xff\xda")
    assert mark > 0
    restarts = encoded(picture, "JPEG", restart_marker_rows=1)
    at = restarts.find(b"\xff\xd3")
    yield "JPEG with a part cut out", restarts[: at - 200] + restarts[at + 2 :]


DAMAGED = dict(damaged_pictures())


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_picture_is_one_line_with_its_name(name, tmp_path, capfd):
    path = wrote(tmp_path / "of mine.jpg", DAMAGED[name])
    with pytest.raises(SourceError) as caught:
        open_source(path)
    assert "of mine.jpg" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_harmless_oddities_of_a_jpeg_are_read_in_silence(tmp_path, capfd):
    data = encoded(scene(), "JPEG", quality=98, subsampling=0)
    for name, odd in {
        "before the end": data[:-2] + b"\x12\x34" + data[-2:],
        "behind it": data + b"appended" * 50,
    }.items():
        close(read_image(wrote(tmp_path / f"{name}.jpg", odd)), scene())
    assert capfd.readouterr() == ("", "")


def test_large_pictures_are_read_up_to_a_limit_that_is_named(tmp_path, monkeypatch):
    from streamcam.sources import content

    path = wrote(tmp_path / "a.png", encoded(scene(), "PNG"))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # less than half of what it has
    close(read_image(path), scene(), levels=0)
    assert Image.MAX_IMAGE_PIXELS == 1000
    monkeypatch.setattr(content, "_MOST_PIXELS", 6000)
    with pytest.raises(SourceError, match=r"a.png: has more than 6,000 pixels"):
        read_image(path)


def test_metadata_behind_the_pixels_counts(tmp_path):
    """PNG allows its EXIF chunk there."""
    data = lying(scene(), "PNG", 6)
    at, end = data.find(b"eXIf") - 4, len(data) - 12
    size = int.from_bytes(data[at : at + 4], "big") + 12
    moved = data[:at] + data[at + size : end] + data[at : at + size] + data[end:]
    close(read_image(wrote(tmp_path / "a.png", moved)), np.rot90(scene(), -1), levels=0)


def test_pictures_follow_each_other(tmp_path):
    """A second read of the same file gives the same: nothing of a decoder is left behind."""
    path = wrote(tmp_path / "a.png", encoded(scene(), "PNG"))
    for a, b in itertools.pairwise(read_image(path) for _ in range(3)):
        np.testing.assert_array_equal(a, b)


def test_several_threads_decode_and_no_warning_is_lost(tmp_path):
    path = wrote(tmp_path / "a.png", encoded(scene(), "PNG"))
    before, said = list(warnings.filters), []
    with warnings.catch_warnings(record=True) as caught, ThreadPoolExecutor(4) as threads:
        warnings.simplefilter("always")
        during = list(warnings.filters)
        reading = [threads.submit(read_image, path) for _ in range(300)]
        while not all(one.done() for one in reading):
            said.append(f"number {len(said)}")
            warnings.warn(said[-1], StreamcamWarning, stacklevel=1)
            time.sleep(0.001)
        assert all(one.result().shape == scene().shape for one in reading)
        assert list(warnings.filters) == during
    assert [str(warning.message) for warning in caught] == said
    assert list(warnings.filters) == before
