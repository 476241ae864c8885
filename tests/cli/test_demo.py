"""``streamcam demo``: in a window, and on a page where there is none."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import cv2
from makers.needs import need_program
from makers.screens import screen

from streamcam.photographs import sample_clip

COMMAND = [sys.executable, "-m", "streamcam", "demo"]


def test_it_brings_the_sample(sample):
    assert sample_clip().read_bytes() == sample.read_bytes()


def test_where_there_is_no_display_it_is_on_the_page():
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = subprocess.Popen(
        [*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        address = re.match(r"page: (http://\S+)/", process.stdout.readline())[1]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with urllib.request.urlopen(f"{address}/health", timeout=10) as answer:
                state = json.loads(answer.read())
            if state["status"] == "ok":
                break
            time.sleep(0.3)
        assert state["status"] == "ok", state
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "no window here (there is no display (DISPLAY is not set)): on the page" in err


def test_where_there_is_one_it_is_a_window(tmp_path):
    need_program("xdotool")
    need_program("import")
    with screen(900, 700) as display:
        environment = os.environ | {"DISPLAY": display}
        process = subprocess.Popen([*COMMAND, "--seconds", "120"], env=environment, stderr=subprocess.PIPE, text=True)
        try:
            shot, deadline = Path(tmp_path / "screen.png"), time.monotonic() + 90
            while time.monotonic() < deadline:
                subprocess.run(["import", "-window", "root", shot], env=environment, check=True)
                picture = cv2.imread(str(shot))
                if picture is not None and picture.std() > 20 and _has_window(environment):
                    break
                time.sleep(0.3)
            assert picture.std() > 20
            window = subprocess.run(
                ["xdotool", "search", "--name", "streamcam"],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()[0]
            while process.poll() is None and time.monotonic() < deadline:
                subprocess.run(["xdotool", "key", "--window", window, "q"], env=environment, check=False)
                time.sleep(0.3)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
            process.communicate()


def _has_window(environment) -> bool:
    found = subprocess.run(
        ["xdotool", "search", "--name", "streamcam"], env=environment, capture_output=True, check=False
    )
    return found.returncode == 0


def test_without_either_both_ways_are_named(monkeypatch):
    hidden = "import sys; sys.modules['starlette'] = None; import importlib.util as u; real = u.find_spec; "
    hidden += "u.find_spec = lambda n, *a: None if n == 'starlette' else real(n, *a); "
    hidden += "sys.argv = ['streamcam', 'demo']; from streamcam.cli import main; main()"
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run([sys.executable, "-c", hidden], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        "error: demo: there is no display (DISPLAY is not set); the page needs: pip install 'streamcam[serve]'"
    )
