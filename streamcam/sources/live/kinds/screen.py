"""Read what is on the screen: of X11, macOS and Windows, by the library mss."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import time
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from streamcam.errors import MissingLibraryError, SourceError
from streamcam.sources.live.kinds.events import Event, Shot, wait_until

_USUAL_RATE = 25.0
_REGION = re.compile(r"(\d+)x(\d+)\+(\d+)\+(\d+)")


def check_mss() -> None:
    """Raise ``MissingLibraryError`` where the screen cannot be read."""
    if importlib.util.find_spec("mss") is None:
        raise MissingLibraryError("screen: is read by mss, which is not installed: pip install 'streamcam[screen]'")


def screen_pictures(where: str, *, fps: float | None) -> Iterator[Event]:
    """What is on a screen, so many times a second.

    Args:
        where: number of the screen, a region such as ``640x480+100+50``, or nothing for the first screen.
        fps: pictures a second.

    Raises:
        SourceError: there is no such screen, or it cannot be read.
    """
    if sys.platform.startswith("linux") and _is_wayland():
        raise SourceError("Wayland lets no program read the screen; log in to a session with X11 (Xorg)")
    from mss import MSS, ScreenShotError

    interval = 1 / (fps or _USUAL_RATE)
    try:
        with MSS() as screens:
            place = _place(where, screens.monitors)
            due = time.perf_counter()
            while True:
                image = cv2.cvtColor(np.asarray(screens.grab(place)), cv2.COLOR_BGRA2BGR)
                yield Shot(np.asarray(image, np.uint8), time.perf_counter())
                due = max(due + interval, time.perf_counter() - interval)
                yield from wait_until(due)
    except ScreenShotError as error:
        raise SourceError(f"it cannot be read ({' '.join(str(error).split())[:120]})") from error


def _is_wayland() -> bool:
    return bool(os.environ.get("WAYLAND_DISPLAY")) or os.environ.get("XDG_SESSION_TYPE") == "wayland"


def _place(where: str, screens: list[dict[str, Any]]) -> dict[str, int]:
    """Left, top, width and height. The first of ``screens`` is all of them together."""
    everything, *single = screens
    if region := _REGION.fullmatch(where):
        width, height, left, top = map(int, region.groups())
        if left + width > everything["width"] or top + height > everything["height"]:
            raise SourceError(f"the region is larger than the screen ({everything['width']}x{everything['height']})")
        return {
            "left": everything["left"] + left,
            "top": everything["top"] + top,
            "width": width,
            "height": height,
        }
    number = int(where or 1)
    if not 1 <= number <= len(single):
        raise SourceError(f"there is no screen {number}; there are {len(single)}")
    chosen = single[number - 1]
    return {side: int(chosen[side]) for side in ("left", "top", "width", "height")}
