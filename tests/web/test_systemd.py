"""Running under systemd: the unit, and notifications."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys

import pytest
from makers.servers import TOKEN, Serving


def test_a_unit_runs_this_very_command(tmp_path):
    command = [sys.executable, "-m", "streamcam", "serve", "--kiosk", "--hours", "Mon 9-17", "--print-unit"]
    unit = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Type=notify" in unit
    assert "WatchdogSec=30" in unit
    assert f"ExecStart={sys.executable} -P -m streamcam serve --kiosk --hours 'Mon 9-17'\n" in unit
    assert "print-unit" not in unit.split("[Unit]")[1]
    (tmp_path / "loop.mp4").touch()
    more = ["--attract", "loop.mp4", "--settings=exhibit.json", "--language", "de"]
    unit_here = subprocess.run([*command, *more], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert f"--attract {tmp_path}/loop.mp4 --settings={tmp_path}/exhibit.json --language de\n" in unit_here
    assert f"ReadWritePaths={tmp_path}\n" in unit_here
    for user, line in (("root", "DynamicUser=yes"), ("curator", "User=curator")):
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"SUDO_USER": user})
        assert line in said.stdout.splitlines()
    refused = subprocess.run([*command, "--token", TOKEN], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    if shutil.which("systemd-analyze"):
        path = tmp_path / "streamcam.service"
        path.write_text(unit)
        subprocess.run(["systemd-analyze", "verify", str(path)], check=True)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="systemd is Linux's")
def test_systemd_hears_that_it_is_ready_and_alive(camera, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        with Serving(camera.url, "--size", "96", NOTIFY_SOCKET=str(tmp_path / "notify")):
            received = {systemd.recv(100) for _ in range(2)}
            assert received == {b"READY=1", b"WATCHDOG=1"}


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://ann:pa/ss@camera.local/stream",
        "http://camera.local/snapshot.jpg?key=pa%2Fss",
        "rtsp://camera.local/stream#pa/ss",
    ],
)
def test_no_secret_of_an_address_is_in_a_unit(address):
    def printed(*more: str, **variables: str) -> str:
        command = [sys.executable, "-m", "streamcam", "serve", *more, "--kiosk", "--print-unit"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | variables)
        return done.stdout

    for text in (printed(address), printed(STREAMCAM_SOURCE=address)):
        assert "pa" not in text.split("ExecStart=")[1].split("\n")[0].replace("--source-file", "").split("serve")[1]
        assert address not in text
        assert "LoadCredential=source:/etc/streamcam.source\n" in text
        assert "serve --kiosk --source-file %d/source\n" in text


def test_the_file_that_holds_the_source_becomes_a_credential(tmp_path):
    (tmp_path / "hall").write_text("rtsp://ann:word@camera.local/\n")
    command = [sys.executable, "-m", "streamcam", "serve", "--source-file", "hall", "--print-unit"]
    text = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert f"LoadCredential=source:{tmp_path}/hall\n" in text
    assert "serve --source-file %d/source\n" in text
    assert "word@" not in text
