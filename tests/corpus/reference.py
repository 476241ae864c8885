"""What the ``ffmpeg`` and ``ffprobe`` command lines find in a file: frames, their times, its sound, its tracks."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from film import Picture

RATE = 8000  # of decoded sound, in samples a second

# What the filter showinfo writes of each frame: its time and size.
_SHOWN = re.compile(rb"n: *\d+ +pts: *\S+ +pts_time:(\S+).* s:(\d+)x(\d+) ")


@dataclass(frozen=True, slots=True)
class Track:
    """A track of sound.

    Attributes:
        codec: FFmpeg's name.
        language: as it is tagged, ``und`` where it is not.
        title: as it is tagged.
        default: whether players take it by themselves.
        channels: how many.
        packets: the hash of each packet.
        samples: decoded, mono, from the start of the file on, ``RATE`` a second.
    """

    codec: str
    language: str
    title: str
    default: bool
    channels: int
    packets: tuple[str, ...]
    samples: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Decoded:
    """What is in a file.

    Attributes:
        times: of the frames, in seconds from the start of the file.
        pictures: the frames, upright, deinterlaced if wanted, ``(H, W, 3)`` uint8 RGB.
        aspect: width over height of the picture as it is shown.
        tracks: of sound.
        codec: of the picture.
        start: where the file's own clock begins, in seconds.
    """

    times: tuple[float, ...]
    pictures: tuple[Picture, ...]
    aspect: float
    tracks: tuple[Track, ...]
    codec: str
    start: float = 0.0


class NoPictureError(Exception):
    """The command line finds no picture in a file."""


def decode(path: Path, *, deinterlace: bool = False) -> Decoded:
    """Decode a file whole.

    Raises:
        NoPictureError: there is no picture in it.
    """
    facts = _probe(path)
    streams = facts.get("streams", [])
    pictures = [s for s in streams if s["codec_type"] == "video" and not s["disposition"].get("attached_pic")]
    if not pictures:
        raise NoPictureError(f"{path.name}: no picture")
    sounds = [s for s in streams if s["codec_type"] == "audio"]
    with tempfile.TemporaryDirectory() as folder:
        frames, *waves = (Path(folder) / name for name in ("video", *(f"audio{k}" for k in range(len(sounds)))))
        chain = ["bwdif=mode=send_frame:deint=interlaced"] if deinterlace else []
        chain += ["showinfo=checksum=0", "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp", "format=rgb24"]
        command = [
            "ffmpeg",
            "-hide_banner",
            "-nostdin",
            "-nostats",
            "-y",
            "-i",
            path,
            "-map",
            f"0:{pictures[0]['index']}",
        ]
        command += ["-vf", ",".join(chain), "-fps_mode", "passthrough", "-f", "rawvideo", frames]
        for sound, wave in zip(sounds, waves, strict=True):
            command += [
                "-map",
                f"0:{sound['index']}",
                "-af",
                f"aresample={RATE}:async=1:min_hard_comp=0.004:first_pts=0",
            ]
            command += ["-ac", "1", "-f", "f32le", wave]
        done = subprocess.run(list(map(str, command)), capture_output=True, timeout=120, check=False)
        shown = _SHOWN.findall(done.stderr)
        if not shown:
            raise NoPictureError(f"{path.name}: {done.stderr.decode(errors='replace').strip().splitlines()[-1:]}")
        width, height = int(shown[0][1]), int(shown[0][2])
        data = np.fromfile(frames, np.uint8)
        count = len(data) // (width * height * 3)
        images = data[: count * width * height * 3].reshape(count, height, width, 3)
        hashes = _packet_hashes(path) if sounds else {}
        tracks = tuple(
            _track(sound, hashes.get(sound["index"], ()), np.fromfile(wave, np.float32) if wave.exists() else None)
            for sound, wave in zip(sounds, waves, strict=True)
        )
    times = tuple(float(time) if time != b"NOPTS" else float("nan") for time, _, _ in shown[:count])
    pixel = _ratio(pictures[0].get("sample_aspect_ratio"))
    turned = (width, height) == (pictures[0]["height"], pictures[0]["width"]) and width != height
    aspect = width / height * (1 / pixel if turned else pixel)
    start = float(facts["format"].get("start_time", 0))
    return Decoded(times, tuple(images), aspect, tracks, pictures[0]["codec_name"], start)


def _probe(path: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    facts: dict[str, Any] = json.loads(done.stdout.decode(errors="replace") or "{}")
    return facts


def _packet_hashes(path: Path) -> dict[int, tuple[str, ...]]:
    command = ["ffprobe", "-v", "error", "-show_packets", "-select_streams", "a", "-show_data_hash", "crc32"]
    command += ["-show_entries", "packet=stream_index,data_hash", "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    found: dict[int, list[str]] = {}
    for packet in json.loads(done.stdout or "{}").get("packets", []):
        found.setdefault(packet["stream_index"], []).append(packet.get("data_hash", ""))
    return {index: tuple(hashes) for index, hashes in found.items()}


def _track(sound: dict[str, Any], packets: tuple[str, ...], samples: npt.NDArray[np.float32] | None) -> Track:
    tags = {name.lower(): value for name, value in sound.get("tags", {}).items()}
    return Track(
        sound.get("codec_name", "unknown"),
        tags.get("language", "und"),
        tags.get("title", ""),
        bool(sound["disposition"]["default"]),
        int(sound.get("channels", 0)),
        packets,
        np.zeros(0, np.float32) if samples is None else samples,
    )


def _ratio(text: str | None) -> float:
    if not text or text.startswith("0:") or text == "N/A":
        return 1.0
    over, under = text.split(":")
    return int(over) / int(under)
