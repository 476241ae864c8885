"""Show a live session in a window on the desktop, whose keys change the session."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import cv2

from streamcam.drawing.status import Status, draw_status
from streamcam.errors import SinkError
from streamcam.live.controls import Controls, SessionEnd
from streamcam.protocols import Closing
from streamcam.types import Explanation, Frame

KEYS = (
    ("q, Esc", "quit"),
    ("space", "freeze the picture"),
    ("s", "save a snapshot with its record"),
    ("r", "record, or end the recording"),
    ("1 to 5", "explain the class of that rank"),
    ("l", "lock the explained class"),
    ("m", "next method"),
    ("p", "proof: cover what is hot, and ask again"),
    ("c", "next colour map"),
    ("+  -", "more or less heat"),
    ("o", "next layout"),
    ("f", "full screen"),
    ("h", "these keys"),
)
_TITLE = "streamcam"
_LARGEST = 1280, 720  # pixels of the window at first
_NO_DISPLAY = "use --no-window, with -o to record, or 'streamcam serve' for a page in the browser"


class Window(Closing):
    """Shows each frame. Closing it, q or Esc ends the session.

    Args:
        controls: what the keys change.
        status: gives what to show around the picture of a frame.
        snapshot: called with the frame and its explanation when s is pressed.
        full_screen: whether to start that way.

    Raises:
        SinkError: there is no display, or this OpenCV has no windows.
    """

    def __init__(
        self,
        controls: Controls,
        status: Callable[[Frame], Status],
        snapshot: Callable[[Frame, Explanation | None], object],
        *,
        full_screen: bool = False,
    ) -> None:
        check_display()
        self._controls, self._status, self._snapshot = controls, status, snapshot
        self._full_screen = False
        self._sized = False
        try:
            cv2.namedWindow(_TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL)
        except cv2.error as error:
            raise SinkError(
                f"window: cannot be opened ({' '.join(str(error).split())[:200]}); {_NO_DISPLAY}"
            ) from error
        if full_screen:
            self._toggle_full_screen()

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Show a frame, and do what the keys ask for. Raises ``SessionEnd`` to quit."""
        picture = frame.image.copy()
        draw_status(picture, self._status(frame))
        if not self._sized and frame.fresh:
            height, width = picture.shape[:2]
            scale = min(1.0, _LARGEST[0] / width, _LARGEST[1] / height)
            cv2.resizeWindow(_TITLE, round(width * scale), round(height * scale))
            self._sized = True
        cv2.imshow(_TITLE, picture)
        key = cv2.waitKey(1)
        if key >= 0:
            self._handle(chr(key & 0xFF), frame, explanation)
        if not _is_open():
            raise SessionEnd

    def _handle(self, key: str, frame: Frame, explanation: Explanation | None) -> None:
        controls = self._controls
        if key in "12345":
            controls.explain_rank(int(key))
            return
        actions: dict[str, Callable[[], object]] = {
            " ": controls.toggle_freeze,
            "s": lambda: self._snapshot(frame, explanation),
            "r": controls.toggle_recording,
            "l": lambda: controls.toggle_lock(explanation),
            "m": controls.next_method,
            "p": controls.toggle_check,
            "c": controls.next_colormap,
            "+": lambda: controls.change_opacity(0.1),
            "=": lambda: controls.change_opacity(0.1),
            "-": lambda: controls.change_opacity(-0.1),
            "o": controls.next_layout,
            "f": self._toggle_full_screen,
            "h": controls.toggle_help,
        }
        if key in ("q", "\x1b"):
            raise SessionEnd
        if key in actions:
            actions[key]()

    def _toggle_full_screen(self) -> None:
        self._full_screen = not self._full_screen
        wanted = cv2.WINDOW_FULLSCREEN if self._full_screen else cv2.WINDOW_NORMAL
        cv2.setWindowProperty(_TITLE, cv2.WND_PROP_FULLSCREEN, wanted)

    def close(self) -> None:
        """Close the window."""
        if _is_open():
            cv2.destroyWindow(_TITLE)
            cv2.waitKey(1)


def _is_open() -> bool:
    try:
        return bool(cv2.getWindowProperty(_TITLE, cv2.WND_PROP_VISIBLE) >= 1)
    except cv2.error:  # Qt's answer when the last window was closed
        return False


def check_display() -> None:
    """Raise ``SinkError`` where no window can be opened: the window system would end the whole process."""
    if cv2.currentUIFramework() == "":
        raise SinkError(
            f"window: this OpenCV cannot open one (opencv-python-headless); install opencv-python, or {_NO_DISPLAY}"
        )
    if sys.platform in ("win32", "darwin") or os.environ.get("WAYLAND_DISPLAY"):
        return
    display = os.environ.get("DISPLAY", "")
    if not display:
        raise SinkError(f"window: there is no display (DISPLAY is not set); {_NO_DISPLAY}")
    if not _answers(display):
        raise SinkError(f"window: the display {display} does not answer; {_NO_DISPLAY}")


def _answers(display: str) -> bool:
    """Whether an X server listens at ``host:number.screen``."""
    host, _, number = display.rpartition(":")
    number = number.partition(".")[0]
    if not number.isdigit():
        return False
    if not host or host == "unix":
        path = f"/tmp/.X11-unix/X{number}"
        for address in (path, f"\0{path}"):
            with socket.socket(socket.AF_UNIX) as unix:
                if (Path(path).exists() or address[0] == "\0") and unix.connect_ex(address) == 0:
                    return True
        return False
    try:
        with socket.create_connection((host.removeprefix("tcp/"), 6000 + int(number)), timeout=3):
            return True
    except OSError:
        return False
