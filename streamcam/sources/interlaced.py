"""Find out whether a stream may hold interlaced pictures, two half pictures of different times woven line by line."""

from __future__ import annotations

from typing import Any

_ABLE = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video", "vc1", "wmv3", "cavs", "mpeg4"})
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})  # H.264, 7.3.2.1.1
# Containers that keep H.264's sequence header once, so that it holds for the whole stream.
_FIXED = frozenset({"mov", "matroska", "flv"})


def may_become_interlaced(container: Any, stream: Any) -> bool:
    """Whether later pictures may be interlaced, though the first were not: recordings of television change over.

    ``container`` and ``stream`` are PyAV's.
    """
    context = stream.codec_context
    if context.name not in _ABLE:
        return False
    if context.name == "h264" and _FIXED & set(container.format.name.split(",")):
        return not _frames_only(bytes(context.extradata or b""))
    return True


def _frames_only(header: bytes) -> bool:
    """Whether an H.264 header (``avcC``) says ``frame_mbs_only_flag``: no picture of the stream is interlaced."""
    if len(header) < 9 or header[0] != 1:
        return False
    try:
        return _Bits(header[8:].replace(b"\0\0\3", b"\0\0")).frames_only()
    except IndexError:
        return False


class _Bits:
    """Reads a sequence parameter set bit by bit, ITU-T H.264, 7.3.2.1.1; what follows the flag is of no interest."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 8  # behind the NAL unit's header

    def bits(self, count: int) -> int:
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value

    def number(self) -> int:
        zeros = 0
        while not self.bits(1):
            zeros += 1
        return (1 << zeros) - 1 + self.bits(zeros)

    def signed(self) -> int:
        value = self.number()
        return (value + 1) // 2 if value % 2 else -value // 2

    def frames_only(self) -> bool:
        profile = self.bits(8)
        self.bits(16)
        self.number()
        if profile in _WITH_CHROMA:
            self._pass_chroma()
        self.number()
        order = self.number()
        if order == 0:
            self.number()
        elif order == 1:
            self.bits(1)
            self.signed(), self.signed()
            for _ in range(self.number()):
                self.signed()
        self.number()
        self.bits(1)
        self.number(), self.number()
        return bool(self.bits(1))

    def _pass_chroma(self) -> None:
        chroma = self.number()
        if chroma == 3:
            self.bits(1)
        self.number(), self.number(), self.bits(1)
        if not self.bits(1):
            return
        for matrix in range(8 if chroma != 3 else 12):
            if self.bits(1):
                last = following = 8
                for _ in range(16 if matrix < 6 else 64):
                    if following:
                        following = (last + self.signed()) % 256
                    last = following or last
