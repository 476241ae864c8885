"""What ends the program from outside: Ctrl-C, SIGTERM, and a terminal that is closed. All end it alike."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from types import FrameType

_STILL_ENDING = b"ending: what was done so far is being completed; once more ends it at once\n"


class Interrupts:
    """Turns the first of those signals into ``KeyboardInterrupt``, so that what was done so far is kept.

    While the program is ending, a second Ctrl-C only says so, a third one ends it at once, and the others do nothing. Signals
    that are ignored, as ``nohup`` makes it, stay so.
    """

    def __init__(self) -> None:
        self._came = 0
        self._numbers: list[int] = []

    def catch(self) -> None:
        """Begin. Other threads than the main one get no signals, and do nothing here."""
        if threading.current_thread() is not threading.main_thread():
            return
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):  # each where the system has it
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._handle)
                self._numbers.append(number)

    def end(self) -> None:
        """The program is over but for Python's own end, which what comes now would only make look like a crash."""
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._came and number != signal.SIGINT:
            return
        self._came += 1
        if self._came == 1:
            raise KeyboardInterrupt
        if self._came == 2:
            with suppress(OSError):  # the terminal may be gone
                os.write(2, _STILL_ENDING)
            return
        os._exit(130)
