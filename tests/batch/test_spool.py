"""Standard input as a file."""

from __future__ import annotations

import io

import cv2
import pytest
from makers import clips

from streamcam.batch.spool import ending_of, spool
from streamcam.errors import SourceError


def test_what_comes_is_kept_as_it_is_with_the_ending_of_its_kind(tmp_path):
    film = clips.write_clip(tmp_path / "a.mkv", 5).read_bytes()
    path = spool(tmp_path, io.BytesIO(film))
    assert (path.name, path.read_bytes()) == ("stdin.mkv", film)
    for ending in (".png", ".jpg", ".webp", ".bmp", ".tif", ".ppm", ".avif"):
        ok, data = cv2.imencode(ending, clips.picture(0))
        assert ok
        assert ending_of(data.tobytes()[:64]) == ending
    assert ending_of(clips.write_clip(tmp_path / "a.mp4", 2).read_bytes()) == ".mp4"
    assert ending_of(clips.write_clip(tmp_path / "a.avi", 2).read_bytes()) == ".avi"
    assert ending_of(b"\x47@\x11") == ".mp4"  # readers of videos look into the file


def test_nothing_and_too_much_are_said(tmp_path):
    with pytest.raises(SourceError, match="-: standard input is empty"):
        spool(tmp_path, io.BytesIO())
    with pytest.raises(SourceError, match=r"longer than 0.00195 GB.*write it to a file"):
        spool(tmp_path, io.BytesIO(bytes(3 << 20)), most=2 << 20)
    assert not list(tmp_path.iterdir())


def test_no_room_is_said_with_the_place(tmp_path):
    with pytest.raises(SourceError, match=r"cannot be kept in .*gone \(No such file"):
        spool(tmp_path / "gone", io.BytesIO(b"film"))
