"""What neither reader can show is refused by the names of its codec and its container, and never called damaged."""

from __future__ import annotations

import struct

import pytest
from makers.kinds import Kind, make

from streamcam import VideoSource
from streamcam.errors import SourceError
from streamcam.sources import refusal
from streamcam.sources.interlaced import may_become_interlaced
from streamcam.system.ffmpeg import open_container


@pytest.mark.parametrize(
    ("kind", "tag", "container"),
    [
        (Kind("avi", "mjpeg", "yuvj420p"), b"MJPG", "AVI"),
        (Kind("mp4"), b"avc1", "MOV"),
        (Kind("mkv", "ffv1"), b"FFV1", "Matroska"),
    ],
)
def test_an_unknown_codec_is_named(kind, tag, container, tmp_path):
    path = make(tmp_path / f"a.{kind.ending}", kind, 5)
    path.write_bytes(path.read_bytes().replace(tag, b"QX7z"))
    with pytest.raises(SourceError) as caught:
        VideoSource(path)
    message = str(caught.value)
    assert "QX7z" in message or kind.ending == "mkv"
    assert container in message
    assert "neither OpenCV nor FFmpeg" in message
    assert "damaged" not in message
    assert "\n" not in message


def test_video_of_which_nothing_can_be_decoded_is_named(tmp_path):
    path = make(tmp_path / "a.mp4", Kind("mp4"), 5)
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4
    end = at - 8 + struct.unpack(">I", data[at - 8 : at - 4])[0]
    data[at:end] = bytes((7 * n * n + 3) % 251 for n in range(end - at))
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"h264 in QuickTime / MOV: Invalid data") as caught:
        VideoSource(path)
    assert "damaged" not in str(caught.value)


def test_encrypted_video_is_named(tmp_path):
    path = make(tmp_path / "a.mp4", Kind("mp4"), 5)
    data = path.read_bytes()
    at = data.index(b"stsd")
    path.write_bytes(data[:at] + data[at:].replace(b"avc1", b"encv", 1))
    with pytest.raises(SourceError, match=r"encrypted \(Common Encryption\)"):
        VideoSource(path)


def test_the_tag_is_read_in_silence(tmp_path, capfd):
    path = make(tmp_path / "a.avi", Kind("avi", "mjpeg", "yuvj420p"), 3)
    with open_container(path) as container:
        assert refusal.codec_name(container, container.streams.video[0]) == "mjpeg"
        assert refusal.encryption(path, container) == ""
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("kind", "may"),
    [
        (Kind("mp4"), False),
        (Kind("mkv", pixels="yuv420p10le"), False),
        (Kind("mov", pixels="yuv444p", size=(162, 98)), False),
        (Kind("mp4", options={"flags": "+ildct+ilme", "x264-params": "tff=1:log-level=none"}), True),
        (Kind("mkv", options={"x264-params": "fake-interlaced=1:log-level=none"}), True),
        (Kind("ts"), True),  # its header may change on the way
        (Kind("mpg", "mpeg2video"), True),
        (Kind("webm", "libvpx-vp9"), False),
    ],
)
def test_whether_a_stream_may_become_interlaced_is_read_from_its_header(kind, may, tmp_path):
    with open_container(make(tmp_path / f"a.{kind.ending}", kind, 5)) as container:
        assert may_become_interlaced(container, container.streams.video[0]) is may
