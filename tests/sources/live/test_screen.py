"""What is on the screen: a real one under Xvfb, with a window that shows known colours."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from contextlib import closing
from itertools import islice

import numpy as np
import pytest
from makers.cameras import fresh, until, until_fresh_again
from makers.needs import need_module
from makers.screens import screen

from streamcam.errors import MissingLibraryError, SourceError
from streamcam.settings import CaptureSettings
from streamcam.sources.live.kinds.screen import _place
from streamcam.sources.live.live import LiveSource

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="Xvfb")

WINDOW = """
import cv2, numpy as np, sys
image = np.zeros((600, 800, 3), np.uint8)
image[:300, :400], image[:300, 400:] = (255, 0, 0), (0, 255, 0)
image[300:, :400], image[300:, 400:] = (0, 0, 255), (10, 120, 240)
cv2.namedWindow("colours", cv2.WINDOW_NORMAL | cv2.WINDOW_GUI_NORMAL)
cv2.imshow("colours", image)
while cv2.getWindowImageRect("colours") != (0, 0, 800, 600):
    cv2.setWindowProperty("colours", cv2.WND_PROP_FULLSCREEN, cv2.WINDOW_FULLSCREEN)
    for _ in range(20):
        cv2.waitKey(50)
print("shown", flush=True)
for _ in range(2400):
    cv2.waitKey(50)
"""


@pytest.fixture(scope="module")
def display():
    need_module("mss", "it reads the screen")
    with screen(800, 600) as name:
        window = subprocess.Popen(
            [sys.executable, "-c", WINDOW], env=os.environ | {"DISPLAY": name}, stdout=subprocess.PIPE, text=True
        )
        try:
            assert window.stdout
            assert window.stdout.readline() == "shown\n"
            yield name
        finally:
            window.kill()
            window.communicate()


@pytest.fixture
def shown(display, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    for name in ("WAYLAND_DISPLAY", "XDG_SESSION_TYPE"):
        monkeypatch.delenv(name, raising=False)


def colours(image):
    """The middles of its four quarters."""
    height, width = image.shape[:2]
    return [tuple(image[y * height // 4, x * width // 4].tolist()) for y in (1, 3) for x in (1, 3)]


@pytest.mark.parametrize("given", ["screen", "screen:1", "screen:400x200+200+200"])
def test_the_screen_is_seen_in_its_colours(shown, given):
    with LiveSource(given, CaptureSettings(give_up_after=30)) as source, closing(iter(source)) as frames:
        until_fresh_again(source, frames)
        assert source.name == given
        seen = []
        while not seen or seen[-1] != [(255, 0, 0), (0, 255, 0), (0, 0, 255), (10, 120, 240)]:
            frame = until(frames, lambda frame: frame.fresh and frame.image.any())
            seen.append(colours(frame.image))
            assert len(seen) < 300, seen[:: len(seen) - 1]
    assert frame.image.shape == ((200, 400, 3) if "x" in given else (600, 800, 3))


def test_the_screen_is_read_at_the_rate_that_is_asked_for(shown):
    with LiveSource("screen", CaptureSettings(fps=5)) as source:
        frames = fresh(islice(source, 1000), 11)
    assert frames[-1].time - frames[0].time > 10 / 5 - 0.3


def test_a_screen_that_is_not_there_is_said(shown):
    for given, says in (("screen:7", "no screen 7"), ("screen:400x400+600+600", "larger than the screen")):
        with LiveSource(given, CaptureSettings(give_up_after=1)) as source, pytest.raises(SourceError, match=says):
            list(islice(source, 500))


def test_no_display_and_wayland_are_said(display, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with (
        LiveSource("screen", CaptureSettings(give_up_after=1)) as source,
        pytest.raises(SourceError, match="cannot be"),
    ):
        list(islice(source, 500))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    with LiveSource("screen", CaptureSettings(give_up_after=1)) as source, pytest.raises(SourceError, match="Wayland"):
        list(islice(source, 500))


def test_without_the_library_its_name_is_said(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if name == "mss" else find(name))
    with pytest.raises(MissingLibraryError, match=r"mss.*pip install 'streamcam\[screen\]'"):
        LiveSource("screen")


def test_screens_are_counted_from_one_and_a_region_from_the_upper_left():
    both = [
        {"left": -800, "top": 0, "width": 1600, "height": 600},
        {"left": 0, "top": 0, "width": 800, "height": 600},
        {"left": -800, "top": 0, "width": 800, "height": 600},
    ]
    assert _place("", both)["left"] == 0
    assert _place("2", both)["left"] == -800
    assert _place("100x50+10+20", both) == {"left": -790, "top": 20, "width": 100, "height": 50}
    assert np.all([isinstance(value, int) for value in _place("2", both).values()])
