"""No password of a camera's address in anything that the program writes, whether the camera answers or not."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from makers.servers import TOKEN, Serving

FORMS = (
    "http://ann:t0ps3cret@{host}/camera.mjpg",
    "http://ann:t0p/s3cret@{host}/camera.mjpg",
    "http://ann:t0p@s3cret@{host}/camera.mjpg",
    "http://ann:t0p%40s3cret@{host}/camera.mjpg?token=s3cret#s3cret",
    "http://{host}/camera.mjpg?user=ann&password=s3cret",
    "rtsp://ann:t0p:s3cret@{host}/stream?token=s3cret",
)


def leaks(*texts):
    return [text[max(0, text.find("s3cret") - 80) :][:200] for text in texts if "s3cret" in text]


@pytest.mark.parametrize("form", FORMS)
def test_a_session_writes_none(form, camera, tmp_path):
    url = form.format(host=f"localhost:{camera.port}")
    for name, arguments in (("goes", ["--seconds", "3"]), ("fails", ["--seconds", "5", "--give-up-after", "1"])):
        output, stats = tmp_path / f"{name}.mp4", tmp_path / f"{name}.json"
        command = [sys.executable, "-m", "streamcam", "--debug", "live", url, "--no-window", "--size", "96", *arguments]
        done = subprocess.run(
            [*command, "-o", output, "--stats", stats], capture_output=True, text=True, check=False, timeout=120
        )
        written = [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
        assert leaks(done.stdout, done.stderr, *written) == []
    assert any(tmp_path.iterdir()) or done.returncode == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_page_tells_none(form, camera):
    url = form.format(host=f"localhost:{camera.port}")
    with Serving(url, "--size", "96", "--no-mjpeg") as serving, serving.connected(TOKEN) as staff:
        told = [json.dumps(staff.receive("state")), json.dumps(staff.receive("health"))]
        told += [serving.get(path)[2].decode() for path in ("/", "/health", "/metrics", "/page.json", "/staff")]
        told.append(json.dumps(staff.receive("health")))
        serving.process.terminate()
        told += serving.process.communicate(timeout=30)
    assert leaks(*told) == []


@pytest.mark.parametrize("form", FORMS)
def test_a_unit_holds_none(form):
    command = [sys.executable, "-m", "streamcam", "serve", "--print-unit"]
    url = form.format(host="camera.local")
    for given, variables in (([url], {}), ([], {"STREAMCAM_SOURCE": url})):
        done = subprocess.run(
            [*command, *given], capture_output=True, text=True, check=True, env=os.environ | variables, timeout=60
        )
        assert leaks(done.stdout, done.stderr) == []


def test_a_source_is_given_once(tmp_path):
    (tmp_path / "hall").write_text("rtsp://ann:s3cret@camera.local/")
    command = [sys.executable, "-m", "streamcam", "live", "http://ann:s3cret@other.local/", "--no-window"]
    done = subprocess.run(
        [*command, "--source-file", "hall"], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )
    assert done.returncode != 0
    assert "leave one of them out" in done.stderr
    assert leaks(done.stdout, done.stderr) == []
