"""Clips made on the spot, and what another reader finds in a file."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from streamcam import Frame, VideoSink, VideoSource, open_source
from streamcam.system.ffmpeg import av
from streamcam.types import Explanation, Region

HEADER = {"version": "1", "source": "x.mp4", "layer": None}
LABELS = ("ant", "bee", "猫")


def picture(index: int, width: int = 64, height: int = 48) -> np.ndarray:
    """A frame that tells its index by its colour, with its upper left corner white."""
    image = np.full((height, width, 3), (index * 8 % 256, 128, 255 - index * 8 % 256), np.uint8)
    image[: height // 3, : width // 4] = 255
    return image


def frames(count: int, width: int = 64, height: int = 48, rate: int = 30) -> list[Frame]:
    """Frames of such pictures, at a constant rate."""
    return [Frame(picture(i, width, height), i, i / rate) for i in range(count)]


@cache
def _noise(size: tuple[int, int]) -> np.ndarray:
    """Nothing that compresses well, so that every frame has bytes of its own."""
    return np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)


def write_clip(
    path: Path,
    times: Iterable[int] | int = 20,
    *,
    time_base: Fraction = Fraction(1, 15_360),
    rate: Fraction | int = 30,
    size: tuple[int, int] = (64, 48),
    audio: str | None = None,
    audio_start: float = 0.0,
    audio_seconds: float | None = None,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    encoding: dict[str, str] | None = None,
    noise: bool = False,
) -> Path:
    """Write a clip with given ticks as frame times (a number means that many frames at the constant rate)."""
    rate = Fraction(rate)
    ticks = [round(i / rate / time_base) for i in range(times)] if isinstance(times, int) else list(times)
    with av.open(str(path), "w", options=options or {}) as container:
        video: Any = container.add_stream(codec, rate=rate, options=encoding)
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.time_base = video.codec_context.time_base = time_base
        sound: Any = container.add_stream(audio, rate=48_000, layout="stereo") if audio else None
        for index, tick in enumerate(ticks):
            image = np.roll(_noise(size), index, axis=1) if noise else picture(index, *size)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = tick, time_base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound:
            seconds = audio_seconds or float(len(ticks) / rate)
            t = np.arange(int(48_000 * seconds)) / 48_000
            wave = (0.1 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)
            name = sound.codec_context.format.name
            size_ = sound.codec_context.frame_size or 1024
            for start in range(0, len(wave), size_):
                block = np.stack([wave[start : start + size_]] * 2)
                if name == "s32p":
                    block = (block * 2**31).astype(np.int32)
                if name == "s16":
                    block = (block.T.reshape(1, -1) * 2**15).astype(np.int16)
                chunk = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format=name, layout="stereo")
                chunk.sample_rate, chunk.time_base = 48_000, Fraction(1, 48_000)
                chunk.pts = start + round(audio_start * 48_000)
                container.mux(sound.encode(chunk))
            container.mux(sound.encode(None))
    return path


def copied(source_path: Path, target: Path, **options: Any) -> Path:
    """A clip's copy: every frame through a source and a sink."""
    with VideoSource(source_path) as source, VideoSink(target, source.info, **options) as sink:
        for frame in source:
            sink.write(frame, explanation())
    return target


def read(path: Path) -> tuple[Any, list[Frame]]:
    """A source that was read to its end, and its frames."""
    with open_source(path) as source:
        frames = list(source)
    return source, frames


def read_by_opencv(path: Path) -> list[tuple[float, np.ndarray]]:
    """Frame times in seconds and BGR images, by OpenCV: PyAV wrote the file."""
    capture = cv2.VideoCapture(str(path))
    found = []
    while True:
        ok, image = capture.read()
        if not ok:
            return found
        found.append((capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, image))


def length_of(path: Path) -> tuple[float, list[float]]:
    """Seconds that a video lasts, and the times of its frames."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.pts is not None]
        times = sorted(float(p.pts * p.time_base) for p in packets)
        return float(stream.duration * stream.time_base), times


def decoded(path: Path) -> list[tuple[float, np.ndarray]]:
    """Every frame as PyAV decodes it: seconds from the start of the file, and the BGR image."""
    with av.open(str(path)) as container:
        start = Fraction(container.start_time or 0, av.time_base)
        return [
            (float(frame.pts * frame.time_base - start), frame.to_ndarray(format="bgr24"))
            for frame in container.decode(video=0)
        ]


def audio_packets(path: Path) -> list[tuple[float, bytes]]:
    """Every audio packet: seconds from the start of the file, and its bytes."""
    with av.open(str(path)) as container:
        start = Fraction(container.start_time or 0, av.time_base)
        return [(float(p.pts * p.time_base - start), bytes(p)) for p in container.demux(audio=0) if p.pts is not None]


def explanation(width: int = 64, height: int = 48) -> Explanation:
    """An explanation as any explainer could give it."""
    probabilities = np.array([0.1, 0.7, 0.2], np.float32)
    heat = np.linspace(0, 2, 12, dtype=np.float32).reshape(1, 3, 4)
    classes = np.array([1], np.int32)
    return Explanation(heat, classes, probabilities[classes], probabilities, Region(0, 0, width, height))
