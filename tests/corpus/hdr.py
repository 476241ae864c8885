"""Kinds of HDR video, and what their tone-mapped pictures must have in common: there is no one right result."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import film
import numpy as np
import numpy.typing as npt
from containers import HEVC
from kind import Kind, ffmpeg

_WHITE = 203.0  # cd/m2 of a white sheet, ITU-R BT.2408
_HIGHLIGHTS = (280.0, 420.0, 650.0, 1000.0)  # cd/m2, left to right
_SIZE = (160, 96)
_NUMBERS = tuple(range(10))
# From BT.709 primaries to those of BT.2020, ITU-R BT.2087.
_WIDER = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def _pq(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Code values 0…1 of light in cd/m2, SMPTE ST 2084."""
    power = (light / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _hlg(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Code values 0…1 of light on a screen of 1000 cd/m2, ITU-R BT.2100."""
    scene = (light / 1000) ** (1 / 1.2)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


def _draw(number: int) -> npt.NDArray[np.float64]:
    """The usual picture as light in cd/m2 of BT.2020 primaries, with four highlights."""
    light = (film.draw(number, _SIZE) / 255.0) ** 2.4 * _WHITE
    for part, level in zip(_parts(light), _HIGHLIGHTS, strict=True):
        part[:] = level
    return np.clip(light @ _WIDER.T, 0, 1000)


def _parts(image: npt.NDArray[np.generic]) -> list[npt.NDArray[np.generic]]:
    height, width = image.shape[:2]
    edges = np.linspace(width * 5 // 16, width * 11 // 16, len(_HIGHLIGHTS) + 1).astype(int)
    return [image[height * 12 // 16 :, a:b] for a, b in itertools.pairwise(edges)]


def differences(pictures: Sequence[film.Picture]) -> list[str]:
    """What no tone-mapping may do, found in its result."""
    wrong = []
    for index, picture in enumerate(pictures):
        levels = [float(part[4:-2, 3:-3].mean()) for part in _parts(picture)]
        steps = np.diff(levels)
        if steps.min() < 2:
            wrong.append(f"highlights have no shape in frame {index}: {', '.join(f'{level:.0f}' for level in levels)}")
        dark, light = np.percentile(picture, 5), max(levels)
        if light - dark < 150:
            wrong.append(f"is pale in frame {index}: from {dark:.0f} to {light:.0f}")
        if film.corner_error(picture) > 64:
            wrong.append(f"corners are off by {film.corner_error(picture):.0f} levels in frame {index}")
        if wrong:
            break
    return wrong


def _kind(name: str, transfer: str, options: tuple[str, ...] = HEVC, codec: str = "HEVC") -> Kind:
    curve = _pq if transfer == "smpte2084" else _hlg
    tags = ("-color_trc", transfer, "-color_primaries", "bt2020", "-colorspace", "bt2020nc", "-color_range", "tv")
    if "libx265" in options:
        options = (*options[:-1], f"{options[-1]}:transfer={transfer}:colorprim=bt2020:colormatrix=bt2020nc")

    def make(path: Path) -> None:
        pictures = [np.rint(curve(_draw(number)) * 65535).astype("<u2") for number in _NUMBERS]
        source = ("-f", "rawvideo", "-pixel_format", "rgb48le", "-video_size", f"{_SIZE[0]}x{_SIZE[1]}")
        flags = "scale=out_color_matrix=bt2020:out_range=limited:flags=accurate_rnd+full_chroma_int,format=yuv420p10le"
        output = ("-vf", flags, *options, *tags, "-threads", "1", "-bitexact", path)
        ffmpeg(*source, "-framerate", "25", "-i", "-", *output, data=b"".join(p.tobytes() for p in pictures))

    return Kind(
        name=name,
        group="HDR",
        picture=f"{codec}, yuv420p10le",
        special=f"{'PQ (HDR10)' if curve is _pq else 'HLG'}, tone-mapped",
        make=make,
        numbers=_NUMBERS,
        size=_SIZE,
        hdr=True,
    )


_VP9 = ("-c:v", "libvpx-vp9", "-profile:v", "2", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "0", "-crf", "16")

HDR = [
    _kind("hlg.mp4", "arib-std-b67"),
    _kind("hlg.mkv", "arib-std-b67"),
    _kind("pq.mp4", "smpte2084"),
    _kind("pq.mkv", "smpte2084"),
    _kind("pq.webm", "smpte2084", _VP9, "VP9"),
]
