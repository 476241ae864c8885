"""What each kind of video file holds by itself: the codec that follows from its ending, and how it is kept playable."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

# A fragment a second keeps all but the last second when the process is killed; at the end the file is made an
# ordinary MP4 again. Without delay_moov the index would be written before the encoder's delay and the sound's priming
# are known, and the picture would lag behind the sound by two frames.
_FRAGMENTED = {"movflags": "hybrid_fragmented+delay_moov", "frag_duration": "1000000"}
# Containers give their tracks random numbers otherwise: the same frames would become other bytes.
_REPEATABLE = {"fflags": "bitexact"}


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file or stream that holds video.

    Attributes:
        format: FFmpeg's name of it, None to tell by the file's name.
        codec: of the picture, where nobody asks for another.
        audio: of sound that has to be encoded.
        options: that it is opened with.
        misread: beginnings of the names of sound codecs that it holds, and that few players understand in it.
        trims: whether it can say that its sound begins within a packet (an edit list).
    """

    format: str | None = None
    codec: str = "h264"
    audio: str = "aac"
    options: dict[str, str] = field(default_factory=lambda: _REPEATABLE)
    misread: tuple[str, ...] = ()
    trims: bool = False


# FFmpeg itself before version 6 takes any PCM in an MP4 for 16 bit.
_MP4 = Container("mp4", options=_FRAGMENTED, misread=("pcm_",), trims=True)
_CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": Container("mov", options=_FRAGMENTED, trims=True),
    ".mkv": Container("matroska"),
    ".webm": Container("webm", "vp9", "libopus"),
    ".ogv": Container("ogv", audio="libopus"),
}
MATROSKA = Container("matroska", options={**_REPEATABLE, "flush_packets": "1"})


def container_of(path: Path) -> Container:
    """What a file of this name is."""
    return _CONTAINERS.get(path.suffix.lower(), Container())


def container_options(path: Path) -> dict[str, str]:
    """What makes a container of this name playable while it is written, and the same for the same frames."""
    return container_of(path).options
