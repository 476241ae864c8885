"""A file source proves its reader: PyAV reads what OpenCV does not show, and says so once."""

from __future__ import annotations

import warnings

import cv2
import numpy as np
import pytest
from makers import kinds
from makers.kinds import INTERLACED, INTERLACED_H264, Kind, make, scene

from streamcam import VideoSource
from streamcam.errors import StreamcamWarning


def joined(path, *parts):
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def read(path):
    """A source that was read to its end, the reader it began with, and its frames."""
    with VideoSource(path) as source:
        reader = source.reader
        return source, reader, list(source)


def check_scene(frames, first=0):
    for index, frame in enumerate(frames):
        difference = frame.image.astype(float) - scene(first + index)
        assert np.abs(difference.mean((0, 1))).max() < 3
        assert np.abs(difference).mean() < 10


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Kind("mp4", options=INTERLACED_H264), "interlaced"),
        (Kind("vob", "mpeg2video", options={**INTERLACED, "b": "4000000"}), "interlaced"),
        (Kind("mkv", "libsvtav1", options={"preset": "12", "crf": "15", "svtav1-params": "lp=1"}), "does not decode av1 in Matroska"),
        (Kind("mov", turned=(-1, 0, 0, 1)), "mirrored"),
    ],
)  # fmt: skip
def test_what_opencv_cannot_show_is_read_by_pyav_and_said_once(kind, reason, tmp_path):
    path = make(tmp_path / f"a.{kind.ending}", kind)
    with pytest.warns(StreamcamWarning, match=reason) as said:
        source, reader, frames = read(path)
    assert reader == "pyav"
    assert len(said) == 1
    assert str(path) in str(said[0].message)
    assert [frame.time for frame in frames] == pytest.approx([index / 25 for index in range(20)], abs=2e-3)
    assert source.lost == 0
    if not kind.turned:
        check_scene(frames)


def test_what_opencv_shows_is_read_by_it_in_silence(tmp_path):
    path = make(tmp_path / "a.mp4", Kind("mp4"))
    with VideoSource(path) as source:
        assert source.reader == "opencv"
        check_scene(list(source))


class Lying:
    """OpenCV's capture, whose pictures from a certain one on are not those of the file."""

    def __init__(self, lie, since):
        self.lie, self.since = lie, since

    def __call__(self, *where):
        self.capture, self.count = REAL(*where), 0
        return self

    def __getattr__(self, name):
        return getattr(self.capture, name)

    def read(self):
        ok, image = self.capture.read()
        self.count += 1
        return (ok, self.lie(image)) if ok and self.count > self.since else (ok, image)


REAL = cv2.VideoCapture


LIES = {
    "black": np.zeros_like,
    "white": lambda image: np.full_like(image, 255),
    "red for blue": lambda image: image[..., ::-1],
    "mirrored": lambda image: image[:, ::-1],
    "five levels darker": lambda image: np.maximum(image, 5) - 5,
    "half": lambda image: image[:64],
}


@pytest.mark.parametrize(
    ("lie", "since"),
    [
        pytest.param(lie, since, id=f"{name} since {since}")
        for name, lie in LIES.items()
        for since in ((0,) if name == "half" else (0, 3))  # a picture's size does not change later on
    ],
)
def test_pictures_that_are_not_those_of_the_file_fail_the_proof(lie, since, tmp_path, monkeypatch):
    path = make(tmp_path / "a.mp4", Kind("mp4"))
    monkeypatch.setattr(cv2, "VideoCapture", Lying(lie, since))
    with pytest.warns(StreamcamWarning, match="OpenCV"):
        _, reader, frames = read(path)
    assert reader == "pyav"
    check_scene(frames)


def test_a_film_that_is_black_for_both_is_read_by_opencv(tmp_path, monkeypatch):
    monkeypatch.setattr(kinds, "scene", lambda index, size: np.zeros((size[1], size[0], 3), np.uint8))
    _, reader, frames = read(make(tmp_path / "a.mp4", Kind("mp4")))
    assert reader == "opencv"
    assert max(frame.image.max() for frame in frames) < 4


@pytest.mark.parametrize("later", ["clock goes on", "clock goes back"])
def test_a_stream_that_becomes_interlaced_is_taken_over_at_the_very_picture(later, tmp_path):
    first = make(tmp_path / "a.ts", Kind("ts"), 30)
    woven = Kind("ts", options=INTERLACED_H264)
    offset = 30 / 25 if later == "clock goes on" else 0.0
    second = make(tmp_path / "b.ts", woven, 30, first=30, offset=offset)
    path = joined(tmp_path / "c.ts", first, second)
    with pytest.warns(StreamcamWarning, match="from picture 30 on, since it becomes interlaced"):
        source, reader, frames = read(path)
    assert (reader, source.reader) == ("opencv", "pyav")
    assert len(frames) == 60
    check_scene(frames)
    steps = np.diff([frame.time for frame in frames])
    assert steps.min() > 0.02
    assert steps.max() < 0.13


def test_a_picture_that_stands_still_is_no_failure(tmp_path):
    still = make(tmp_path / "a.ts", Kind("ts", options={"bf": "0"}), 40)
    with VideoSource(still) as source, warnings.catch_warnings():
        warnings.simplefilter("error")
        reader = source._reader
        looked = []
        reader._stands_still = lambda picture: True
        real = reader._look_closer
        reader._look_closer = lambda picture: looked.append(1) or real(picture)
        frames = list(source)
    assert len(looked) == 40
    assert source.reader == "opencv"
    check_scene(frames)


def test_where_opencv_ends_too_soon_pyav_goes_on(tmp_path, monkeypatch):
    class Short(Lying):
        def read(self):
            self.count += 1
            return self.capture.read() if self.count <= 15 else (False, None)

    path = make(tmp_path / "a.mp4", Kind("mp4"), 40)
    monkeypatch.setattr(cv2, "VideoCapture", Short(None, 0))
    with pytest.warns(StreamcamWarning, match="from picture 15 on"):
        source, _, frames = read(path)
    assert len(frames) == 40
    assert source.lost == 0
    check_scene(frames)
    assert [frame.time for frame in frames] == pytest.approx([index / 25 for index in range(40)], abs=1e-3)


def test_a_time_that_opencv_does_not_find_is_found(tmp_path):
    path = make(tmp_path / "a.ts", Kind("ts", options={"g": "1000"}), 80)  # one place only where decoding may begin
    with pytest.warns(StreamcamWarning, match="does not find 2 s"), VideoSource(path, start=2.0) as source:
        frames = list(source)
    assert len(frames) == 30
    check_scene(frames, first=50)
