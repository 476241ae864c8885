"""Leave out pictures that were damaged on their way, and those that depend on what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_FIRST_KEY = 10.0  # seconds of a stream until a picture is taken that is no key frame
_NEXT_KEY = 2.0  # seconds after damage, likewise: some streams have no key frames, and mend themselves bit by bit
_JPEG_END = b"\xff\xd9"
_PADDING = 256  # bytes that may follow it


class WholePictures:
    """Chooses the whole ones among the decoded pictures of one stream.

    A decoder fills what it misses with gray, green, or parts of other pictures, and goes on so until the next key frame.

    Args:
        codec: its name.
    """

    def __init__(self, codec: str) -> None:
        self._is_jpeg = codec == "mjpeg"
        self._has_ends = False
        self._broken_until: float | None = None
        self._began = False

    def sort_out(self, packet: Any, frames: Sequence[Any] | None, now: float) -> tuple[list[Any], int]:
        """The whole pictures of a packet, and how many others were left out.

        Args:
            packet: PyAV's.
            frames: what it was decoded to, or None where that failed.
            now: seconds that never go back.
        """
        if self._broken_until is None:
            self._broken_until = now + _FIRST_KEY
        kept: list[Any] = []
        if frames is None or packet.is_corrupt or self._is_cut_off(packet):
            self._broken_until = max(self._broken_until, now + _NEXT_KEY)
            return kept, max(1, len(frames or ()))
        left_out = 0
        for frame in frames:
            if frame.is_corrupt:
                self._broken_until = max(self._broken_until, now + _NEXT_KEY)
                left_out += 1
            elif frame.key_frame or now >= self._broken_until:
                self._broken_until = now
                self._began = True
                kept.append(frame)
            else:
                left_out += self._began  # what comes before the first key frame is no damage
        return kept, left_out

    def _is_cut_off(self, packet: Any) -> bool:
        """Whether a JPEG lacks its end, though those before it had one."""
        if not self._is_jpeg or not packet.size:
            return False
        has_end = _JPEG_END in bytes(memoryview(packet)[-_PADDING:])
        self._has_ends |= has_end
        return self._has_ends and not has_end
