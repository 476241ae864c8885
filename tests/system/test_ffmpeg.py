"""Opening containers: tags of any encoding, names that look like protocols, and silence."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from makers import clips

from streamcam.system.ffmpeg import av, open_container


def write_titled(path, title):
    with open_container(path, "w") as container:
        container.metadata["title"] = title
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi"])
def test_a_tag_that_is_not_utf_8_is_read(tmp_path, name):
    path = tmp_path / name
    write_titled(path, "CAFETERIA")
    data = path.read_bytes()
    assert b"CAFETERIA" in data
    path.write_bytes(data.replace(b"CAFETERIA", "Kö\N{EURO SIGN}ln \x1fß".encode("cp1252").ljust(9, b"!")))
    with open_container(path) as container:
        assert container.metadata["title"].startswith("Kö€ln \x1fß")


def test_a_tag_that_cannot_be_encoded_is_written_without_it(tmp_path):
    path = tmp_path / "a.mkv"
    write_titled(path, "odd\udc80")
    with open_container(path) as container:
        assert container.metadata["title"] == "odd?"


def test_a_name_that_looks_like_a_protocol_is_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clips.write_clip(tmp_path / "data:1.mp4", 3)
    with open_container("data:1.mp4") as container:
        assert container.streams.video[0].frames == 3


def test_an_open_file_is_read(tmp_path):
    data = clips.write_clip(tmp_path / "a.mp4", 3).read_bytes()
    with open_container(io.BytesIO(data)) as container:
        assert len(container.streams.video) == 1


def test_damage_writes_nothing_to_the_terminal(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", 60, size=(160, 120), noise=True, options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    for at in range(len(data) // 3, len(data), 499):
        data[at] ^= 0x55
    path.write_bytes(data)
    code = "import sys; from streamcam import VideoSource; print(sum(1 for _ in VideoSource(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 10
    assert done.stderr == ""
