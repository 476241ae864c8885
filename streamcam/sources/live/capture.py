"""How a live source is read: what a camera is asked for, and how patiently it is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from streamcam.errors import OptionError


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureSettings:
    """How a camera, a network stream or a file in real time is read.

    Attributes:
        width: pixels to ask a camera for; its own choice if None.
        height: pixels to ask a camera for.
        fps: frames a second to ask a camera for.
        mirror: flip left and right, as people expect of their own picture.
        loop: start a file again at its end.
        stall_timeout: seconds of silence after which the source is opened anew.
        open_timeout: seconds that a source may take to give its first picture.
        give_up_after: seconds without a picture after which to stop; None for never.

    Raises:
        OptionError: a setting is outside its range.
    """

    width: int | None = None
    height: int | None = None
    fps: float | None = None
    mirror: bool = False
    loop: bool = False
    stall_timeout: float = 5.0
    open_timeout: float = 15.0
    give_up_after: float | None = None

    def __post_init__(self) -> None:
        positive = (("stall-timeout", self.stall_timeout), ("give-up-after", self.give_up_after), ("fps", self.fps))
        for name, value in positive:
            if value is not None and not 0 < value < float("inf"):
                raise OptionError(f"{name} {value}: must be more than 0")
