"""What names a live source: a camera's number, a device, a URL, a file; and nothing secret in its name."""

from __future__ import annotations

import pytest
from makers import clips

from streamcam.errors import SourceError
from streamcam.sources.live.address import parse_address, redacted


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        (0, "camera", "camera 0"),
        ("12", "camera", "camera 12"),
        ("/dev/v4l/by-id/usb-x", "device", "/dev/v4l/by-id/usb-x"),
        ("rtsp://me:secret@host:554/a?token=t#f", "stream", "rtsp://host:554/a"),
        ("HTTP://host/x.mjpg", "stream", "http://host/x.mjpg"),
        ("udp://@:1234", "stream", "udp://:1234"),
    ],
)
def test_addresses_are_told_apart(given, kind, name):
    address = parse_address(given)
    assert (address.kind, address.name) == (kind, name)


def test_a_file_is_a_source_and_what_is_none_says_so(tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 3)
    assert parse_address(clip).kind == "file"
    for wrong in ("ftp://me:secret@host/x", "file:///etc/passwd", "nothing.mp4", "concat:a|b"):
        with pytest.raises(SourceError) as error:
            parse_address(wrong)
        assert "secret" not in str(error.value)
    assert redacted("rtsp://[bad") == "rtsp://…"
