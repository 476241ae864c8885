"""What may be shown of an address: nothing secret, however it is written."""

from __future__ import annotations

import itertools

import pytest

from streamcam.errors import SourceError
from streamcam.sources.live.address import parse_address
from streamcam.system.addresses import redacted

SECRETS = (
    "secret",
    "sec/ret",
    "se@cret",
    "sec:ret",
    "sec?ret",
    "sec#ret",
    "s%65cret",
    "sécrét",
    "12/34",
    "[bad",
    "s&e=c",
    "",
)
HOSTS = ("cam", "cam:554", "192.168.1.4", "[fe80::1]", "[::1]:8554", "cam.local")


@pytest.mark.parametrize(("secret", "host"), [*itertools.product(SECRETS, HOSTS)])
def test_no_part_of_a_password_is_shown(secret, host):
    for scheme in ("rtsp://", "http://", "RTMP://", ""):
        for tail in ("/live", "", "/live?token=hidden", "/live#hidden", "?key=hidden"):
            shown = redacted(f"{scheme}admin:{secret}@{host}{tail}")
            assert shown == f"{scheme.lower()}{host}{tail.split('?')[0].split('#')[0]}"


def test_what_is_not_secret_stays():
    for url in ("rtsp://cam:554/live", "http://[fe80::1]:80/a/b.jpg", "udp://239.0.0.1:1234", "s3://films/a.mp4"):
        assert redacted(url) == url
    assert redacted("s3://films/me@home.mp4?x=1", names_hold_at=True) == "s3://films/me@home.mp4"
    assert redacted("s3://key:secret@films/me@home.mp4", names_hold_at=True) == "s3://films/me@home.mp4"
    assert "secret" not in redacted("a b://me:secret/x")
    assert redacted("http://me:secret@[bad") == "http://…"


@pytest.mark.parametrize("text", ["admin:secret@cam/live", "admin:sec/ret@cam", "me:secret@[::1]:8554/live"])
def test_an_address_without_a_scheme_is_not_echoed(text):
    with pytest.raises(SourceError, match="rtsp://") as error:
        parse_address(text)
    assert "sec" not in str(error.value).replace("rtsp://", "")
    assert "admin" not in str(error.value)


def test_an_address_that_cannot_be_read_is_refused():
    with pytest.raises(SourceError, match="cannot be read as an address") as error:
        parse_address("http://me:secret@[bad")
    assert "secret" not in str(error.value)


def test_a_file_that_is_called_so_is_a_file(tmp_path, monkeypatch, sample):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a:b@c.mp4").write_bytes(sample.read_bytes())
    assert parse_address("a:b@c.mp4").kind == "file"
