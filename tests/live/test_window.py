"""The live window: a real one under Xvfb, with real key strokes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from makers.cameras import Camera, number_of
from makers.needs import need
from makers.screens import screen

from streamcam.drawing.text import AMBER

SIZE = 800, 600  # of the screen


@pytest.fixture(scope="module")
def display():
    for tool in ("xdotool", "import"):
        need(shutil.which(tool), f"{tool} presses keys and looks at the window")
    with screen(*SIZE) as name:
        yield name


class Session:
    """``streamcam live`` with a window, with its keys and its screen."""

    def __init__(self, display, url, folder, *arguments):
        self.folder = folder
        self.environment = os.environ | {"DISPLAY": display}
        command = [sys.executable, "-m", "streamcam", "live", url, "--folder", str(folder), "--size", "96"]
        self.process = subprocess.Popen(
            [*command, "--stats", str(folder / "stats.json"), *arguments],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.window = self.wait(lambda: self.xdo("search", "--name", "^streamcam$"))
        self.xdo("windowactivate", "--sync", self.window)

    def xdo(self, *command):
        done = subprocess.run(["xdotool", *command], env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def wait(self, condition, seconds=90):
        end = time.monotonic() + seconds
        while not (result := condition()):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end
            time.sleep(0.1)
        return result

    def press(self, key):
        self.xdo("key", "--clearmodifiers", key)
        time.sleep(0.6)  # the window keeps one key at a time, until it has shown a frame

    def screen(self):
        path = self.folder / "screen.png"
        subprocess.run(["import", "-window", self.window, str(path)], env=self.environment, check=True)
        image = cv2.imread(str(path))
        path.unlink()
        return image

    def snapshot(self):
        """Press s; the record and the picture that were saved."""
        before = set(self.folder.glob("*.json"))
        self.press("s")
        [path] = self.wait(lambda: set(self.folder.glob("streamcam-*.json")) - before)
        self.wait(lambda: path.read_text().endswith("}\n"))
        return json.loads(path.read_text()), cv2.imread(str(path.with_suffix(".png")))

    def snapshot_that(self, condition):
        """The first snapshot whose record is so: the map of a moment ago may still be shown."""
        return self.wait(lambda: (taken := self.snapshot()) and condition(taken[0]) and taken)

    def says_trouble(self):
        """Whether amber words stand in the middle of the picture."""
        words = self.screen()[170:190, 100:540].astype(int)
        return (np.abs(words - AMBER).max(axis=2) < 16).any()

    def says_recording(self):
        """Whether red words stand in the corner below."""
        corner = self.screen()[330:360, 400:640]
        return ((corner[..., 2] > 200) & (corner[..., 0] < 120) & (corner[..., 1] < 120)).any()

    def brightness(self):
        """Mean level of the picture; None while the window shows none of the camera's, after whose size it is made."""
        screen = self.screen()
        return screen[:300, :640].mean() if screen.shape[:2] == (360, 640) else None

    def end(self):
        self.stdout, self.stderr = self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture
def start(display, tmp_path):
    started = []
    with Camera(width=640, height=360, count=600) as camera:

        def begin(*arguments):
            started.append(Session(display, camera.url, tmp_path, *arguments))
            started[-1].camera = camera
            return started[-1]

        yield begin
        for session in started:
            session.process.kill()
            session.process.communicate()


def test_every_key_does_what_it_says(start):
    session = start()
    record, image = session.snapshot_that(lambda record: record["top"])  # the model is ready
    assert image.shape == (360, 640, 3)
    assert record["targets"][0]["class"] == record["top"][0]["class"]
    assert record["picture"]["colormap"] == "jet"
    assert record["source"] == session.camera.url
    for rank in (5, 2, 4, 1, 3):  # each too far from the one before for the map of a moment ago
        nearly = slice(max(0, rank - 2), rank + 1)

        def is_asked(record, nearly=nearly):
            return record["targets"][0]["class"] in [top["class"] for top in record["top"][nearly]]

        session.wait(lambda rank=rank: session.press(str(rank)) or is_asked(session.snapshot()[0]))
    session.press("l")
    record, _ = session.snapshot()
    assert record["picture"]["locked"]
    session.press("l")
    session.press("1")
    assert not session.snapshot()[0]["picture"]["locked"]

    session.press("c")
    assert session.snapshot()[0]["picture"]["colormap"] == "turbo"
    session.press("m")
    session.snapshot_that(lambda record: record["method"] == "gradcam++")
    session.press("plus")
    assert session.snapshot()[0]["picture"]["alpha"] == 0.6
    session.press("minus")
    session.press("minus")
    assert session.snapshot()[0]["picture"]["alpha"] == 0.4

    session.press("o")
    assert session.snapshot()[0]["picture"]["layout"] == "side by side"
    session.press("o")
    record, original = session.snapshot()
    assert record["picture"]["layout"] == "original"
    session.press("space")
    (_, first), (_, second) = session.snapshot(), session.snapshot()
    assert number_of(first) == number_of(second) != number_of(original)
    assert (first == second).all()
    session.press("space")
    assert number_of(session.snapshot()[1]) != number_of(first)

    plain = session.screen()[:360, :640].mean()
    session.press("h")
    session.wait(lambda: session.screen()[:360, :640].mean() < 0.85 * plain)  # a dark panel lists the keys
    session.press("h")

    session.press("f")
    session.wait(lambda: f"WIDTH={SIZE[0]}" in session.xdo("getwindowgeometry", "--shell", session.window))
    session.press("f")
    session.wait(lambda: "WIDTH=640" in session.xdo("getwindowgeometry", "--shell", session.window))

    session.press("r")
    session.wait(session.says_recording)
    began = session.snapshot()[0]["time"]
    session.wait(lambda: session.snapshot()[0]["time"] > began + 3)
    session.press("r")
    [recording] = session.wait(lambda: [p for p in session.folder.glob("*.mp4") if ".part" not in p.name])
    capture = cv2.VideoCapture(str(recording))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) > 20
    capture.release()

    session.press("q")
    assert session.end() == 0, session.stderr
    assert f"recorded {recording}" in session.stdout
    stats = json.loads((session.folder / "stats.json").read_text())
    assert stats["ms"]["show"]["p50"] > 0


def test_escape_ends_it_while_it_records(start, tmp_path):
    session = start("-o", str(tmp_path / "run.mp4"))
    session.wait(lambda: list(tmp_path.glob("run.part.mp4")) and session.snapshot()[0]["time"] > 2)
    session.press("Escape")
    assert session.end() == 0, session.stderr
    assert (tmp_path / "run.mp4").stat().st_size > 10_000


def test_closing_the_window_ends_it(start):
    session = start()
    session.wait(lambda: session.screen().any())
    session.press("alt+F4")
    assert session.end() == 0, session.stderr


def test_a_lost_camera_is_seen_on_the_picture_and_keys_still_work(start):
    session = start("--stall-timeout", "1")
    bright = session.wait(
        lambda: (level := session.brightness()) and 80 < level < 200 and level
    )  # an empty one is white
    session.camera.fault("freeze")
    session.wait(lambda: session.brightness() < 0.6 * bright and session.says_trouble())
    session.camera.fault("none")
    session.wait(lambda: session.brightness() > 0.8 * bright)
    session.camera.fault("freeze")
    session.wait(lambda: session.brightness() < 0.6 * bright)
    session.press("q")
    assert session.end() == 0, session.stderr
    stats = json.loads((session.folder / "stats.json").read_text())
    assert stats["stalls"] >= 1
    assert stats["reconnects"] >= 1
    assert np.isfinite(stats["memory_mb"]["end"])


def test_a_display_that_does_not_answer_is_a_clear_error(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "live"], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | {"DISPLAY": ":98765"},
    )  # fmt: skip
    assert done.returncode == 1
    assert (
        done.stderr
        == "error: window: the display :98765 does not answer; use --no-window, with -o to record, or 'streamcam serve' for a page in the browser\n"
    )
