"""What a notebook's cell can do: show something, and change what it shows."""

from __future__ import annotations

import sys
import time
from html import escape
from typing import Any

_EVERY = 0.2  # seconds


def in_notebook() -> bool:
    """Whether this runs in a notebook's cell. Loads nothing: there IPython is loaded already."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


class Cell:
    """One place in a cell's output, whose content can be changed."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, what: Any) -> None:
        """Show an object of ``IPython.display`` in place of what was shown."""
        from IPython import display

        if self._handle is None:
            self._handle = display.display(what, display_id=True)
        else:
            self._handle.update(what)

    def html(self, text: str) -> None:
        """Show HTML."""
        from IPython import display

        self.show(display.HTML(text))

    def jpeg(self, data: bytes) -> None:
        """Show a picture."""
        from IPython import display

        self.show(display.Image(data=data, format="jpeg"))


class CellProgress:
    """A bar in a cell, with how many frames are done; outside of a notebook nothing.

    Args:
        name: of what is done.
        wanted: whether to show it at all.
    """

    def __init__(self, name: str, *, wanted: bool = True) -> None:
        self._name, self._cell = name, Cell() if wanted and in_notebook() else None
        self._last = self._first = 0.0

    def count(self, done: int, total: int | None) -> None:
        """Show how many frames are done, of all of them where that is known."""
        now = time.monotonic()
        if self._cell is None or (now - self._last < _EVERY and done != total):
            return
        self._last = now
        self._first = self._first or (now if done else 0.0)
        speed = f", {done / (now - self._first):.0f} frames a second" if done and now > self._first else ""
        of = f" of {total}" if total else ""
        value = f' value="{done}" max="{total}"' if total and done else ""
        said = f"{done}{of} frames{speed}" if done else "preparing"
        self._cell.html(f"<progress{value}></progress> {escape(self._name)}: {said}")

    def end(self) -> None:
        """Take the bar away."""
        if self._cell:
            self._cell.html("")
