"""What holds for both readers of video files: the frames, their times, size, orientation and colour."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from makers.kinds import BT709, BT2020, INTERLACED, INTERLACED_H264, RATE, Kind, make, scene

from streamcam.sources.conversion import Conversion
from streamcam.sources.decoder import Decoder
from streamcam.sources.probe import probe
from streamcam.sources.proof import first_pictures
from streamcam.sources.readers import OpenCVReader, PyAVReader

BOTH = {
    "h264": Kind("mp4"),
    "h264 in a transport stream": Kind("ts"),
    "h264 in Matroska": Kind("mkv"),
    "4:2:2": Kind("mp4", pixels="yuv422p"),
    "4:4:4": Kind("mp4", pixels="yuv444p"),
    "10 bit": Kind("mp4", pixels="yuv420p10le"),
    "full range": Kind("mp4", pixels="yuvj420p", full=True),
    "BT.709": Kind("mp4", matrix=BT709),
    "BT.709, full range": Kind("mp4", pixels="yuvj420p", matrix=BT709, full=True),
    "BT.2020": Kind("mkv", pixels="yuv420p10le", matrix=BT2020),
    "RGB": Kind("mkv", "ffv1", "bgr0"),
    "ProRes": Kind("mov", "prores_ks", "yuv422p10le"),
    "Motion JPEG": Kind("avi", "mjpeg", "yuvj420p", full=True, options={"q:v": "2"}),
    "MPEG-4": Kind("avi", "mpeg4"),
    "VP9": Kind("webm", "libvpx-vp9"),
    "a quarter turn": Kind("mp4", turned=(0, 1, -1, 0)),
    "upside down": Kind("mp4", turned=(-1, 0, 0, -1)),
    "three quarters": Kind("mov", turned=(0, -1, 1, 0)),
    "odd size": Kind("mkv", pixels="yuv444p", size=(161, 99)),
}
PYAV_ONLY = {
    "interlaced h264": Kind("mp4", options=INTERLACED_H264),
    "interlaced MPEG-2": Kind("ts", "mpeg2video", options={**INTERLACED, "b": "4000000"}),
    "DV": Kind("avi", "dvvideo", size=(720, 576)),
    "AV1": Kind("mp4", "libsvtav1", options={"preset": "12", "crf": "15", "svtav1-params": "lp=1"}),
    "mirrored": Kind("mp4", turned=(-1, 0, 0, 1)),
    "mirrored and turned": Kind("mp4", turned=(0, 1, 1, 0)),
    "mirrored, the other way": Kind("mp4", turned=(0, -1, -1, 0)),
    "standing on its head": Kind("mp4", turned=(1, 0, 0, -1)),
}
CASES = [(reader, name) for name in BOTH for reader in ("opencv", "pyav")] + [("pyav", name) for name in PYAV_ONLY]


def upright(image, kind):
    """By the definition of the matrix: the pixel at (x, y) goes to (ax + cy, bx + dy)."""
    if not kind.turned:
        return image
    a, b, c, d = kind.turned
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width]
    across, down = a * x + c * y, b * x + d * y
    across, down = across - across.min(), down - down.min()
    turned = np.zeros((down.max() + 1, across.max() + 1, 3), np.uint8)
    turned[down, across] = image
    return turned


def open_reader(name, path):
    facts = probe(path)
    if name == "opencv":
        return OpenCVReader(path, facts.start)
    with Decoder(path, facts.track, threads="SLICE") as decoder:
        opening = first_pictures(decoder)
    return PyAVReader(path, facts.track, Conversion(opening.orientation, opening.tone, opening.size))


def all_of(reader):
    return list(iter(reader.read, None))


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_both_readers_give_what_went_in(name, kind, tmp_path):
    kind = (BOTH | PYAV_ONLY)[kind]
    path = make(tmp_path / f"a.{kind.ending}", kind)
    with open_reader(name, path) as reader:
        assert reader.name == name
        pictures = all_of(reader)
    assert len(pictures) == 20
    np.testing.assert_allclose([time for _, time in pictures], np.arange(20) / RATE, atol=2e-3)
    for index, (image, _) in enumerate(pictures):
        expected = upright(scene(index, kind.size), kind)
        assert image.shape == expected.shape
        assert image.dtype == np.uint8
        difference = image.astype(float) - expected
        assert np.abs(difference.mean((0, 1))).max() < 3
        assert np.abs(difference).mean() < 10


@pytest.mark.parametrize("name", ["opencv", "pyav"])
@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "avi"])
@pytest.mark.parametrize("seconds", [0.0, 1.3, 2.72])
def test_both_readers_go_to_a_time(name, ending, seconds, tmp_path):
    kind = Kind(ending, "mpeg4" if ending == "avi" else "libx264", options={"g": "20"})
    path = make(tmp_path / f"a.{ending}", kind, 80)
    with open_reader(name, path) as reader:
        whole = all_of(reader)
    with open_reader(name, path) as reader:
        assert reader.seek(seconds)
        part = all_of(reader)
    expected = [picture for picture in whole if picture[1] >= seconds - 1e-6]
    assert len(part) == len(expected) > 0
    for (image, time), (expected_image, expected_time) in zip(part, expected, strict=True):
        assert time == pytest.approx(expected_time, abs=1e-6)
        assert np.abs(image.astype(int) - expected_image).max() <= 1


def test_closing_twice_does_nothing(tmp_path):
    path = make(tmp_path / "a.mp4", Kind("mp4"), 3)
    for name in ("opencv", "pyav"):
        reader = open_reader(name, path)
        assert reader.read() is not None
        reader.close()
        reader.close()
        assert reader.read() is None


def test_pyav_brings_frames_of_another_size_to_that_of_the_first(tmp_path):
    small, large = make(tmp_path / "a.ts", Kind("ts")), make(tmp_path / "b.ts", Kind("ts", size=(320, 256)))
    joined = tmp_path / "c.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    with open_reader("pyav", joined) as reader:
        pictures = all_of(reader)
    assert len(pictures) == 40
    assert {image.shape for image, _ in pictures} == {(128, 160, 3)}
    means = [image.mean((0, 1)) for image, _ in pictures]
    assert all(np.abs(a - b).max() < 12 for a, b in itertools.pairwise(means))
