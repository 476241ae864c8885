"""Clips that flash and click at the same moment, and how far apart both are in a file."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from streamcam.system.ffmpeg import av, open_container

RATE = 25
MOMENT = 12  # the frame of each second that is white, and in which it clicks


def write(
    path: Path,
    *,
    audio: str = "aac",
    codec: str = "libx264",
    seconds: int = 4,
    sample_rate: int = 48_000,
    layout: str = "stereo",
    tracks: int = 1,
    options: dict[str, str] | None = None,
) -> Path:
    """A clip of 64 by 48 pixels at 25 frames a second."""
    with open_container(path, "w", options=options or {}) as container:
        video: Any = container.add_stream(codec, rate=RATE)
        video.width, video.height = 64, 48
        video.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if codec == "mjpeg":
            video.codec_context.color_range = 2
        sounds: list[Any] = [container.add_stream(audio, rate=sample_rate, layout=layout) for _ in range(tracks)]
        wave, cursors = click_track(seconds, sample_rate), [0] * tracks
        for index in range(seconds * RATE):
            image = np.full((48, 64, 3), 255 if index % RATE == MOMENT else 0, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(video.encode(frame))
            for number, sound in enumerate(sounds):
                cursors[number] = _feed(container, sound, wave, cursors[number], (index + 1) / RATE)
        container.mux(video.encode(None))
        for sound in sounds:
            container.mux(sound.encode(None))
    return path


def click_track(seconds: float, rate: int) -> np.ndarray:
    """Silence with 10 ms of a tone from the middle of each white frame on."""
    t = np.arange(round(seconds * rate)) / rate
    middle = (MOMENT + 0.5) / RATE
    here = (t % 1 >= middle) & (t % 1 < middle + 0.01)
    return (0.8 * np.sin(2 * np.pi * 2000 * t) * here).astype(np.float32)


def _feed(container: Any, sound: Any, wave: np.ndarray, begin: int, until: float) -> int:
    context = sound.codec_context
    size, form = context.frame_size or 1024, context.format
    channels = context.layout.nb_channels
    while begin < len(wave) and begin / context.sample_rate < until:
        block = np.stack([wave[begin : begin + size]] * channels)
        if form.name.startswith(("s16", "s32", "u8")):
            scale = {"s16": 32767, "s32": 2**31 - 1, "u8": 127}[form.name.rstrip("p")]
            kind = {"s16": np.int16, "s32": np.int32, "u8": np.uint8}[form.name.rstrip("p")]
            block = (block.astype(float) * scale + (128 if kind is np.uint8 else 0)).astype(kind)
        if not form.is_planar:
            block = block.T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format=form.name, layout=context.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = context.sample_rate, begin, Fraction(1, context.sample_rate)
        container.mux(sound.encode(frame))
        begin += size
    return begin


def offsets(path: Path, track: int = 0) -> list[float]:
    """How much later than the middle of each white frame it clicks, in seconds."""
    clicks, flashes = clicks_of(path, track), flashes_of(path)
    assert len(clicks) == len(flashes) > 0, (clicks, flashes)
    return [click - flash - 0.5 / RATE for click, flash in zip(clicks, flashes, strict=True)]


def flashes_of(path: Path) -> list[float]:
    """When white frames are shown."""
    with open_container(path) as container:
        frames = [(float(f.pts * f.time_base), f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)]
    return [time for time, mean in frames if mean > 128]


def clicks_of(path: Path, track: int = 0) -> list[float]:
    """When clicks begin."""
    times: list[np.ndarray] = []
    levels: list[np.ndarray] = []
    with open_container(path) as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=48_000)
        for frame in container.decode(audio=track):
            if frame.pts is None:
                continue
            begin = float(frame.pts * frame.time_base)
            frame.pts = None
            for part in resampler.resample(frame):
                levels.append(np.abs(part.to_ndarray()[0]))
                times.append(begin + np.arange(len(levels[-1])) / 48_000)
    time, level = np.concatenate(times), np.concatenate(levels)
    loud = time[level > 0.25]
    return [float(t) for n, t in enumerate(loud) if n == 0 or t - loud[n - 1] > 0.3]
