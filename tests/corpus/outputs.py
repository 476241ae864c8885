"""Kinds of files that are written: the ending of the output's name says which."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from containers import AAC, H264, MPEG4, PCM, VP9, video
from kind import Kind


def _written(name: str, ending: str, what: str, *, sound: str = "AAC", **more: Any) -> Kind:
    clip = {"audio": (AAC,), **more.pop("clip", {})}
    options, codec = more.pop("options", H264), more.pop("codec", "H.264")
    return video(
        name, codec, options, group="What is written", sound=sound, special=what, clip=clip, output=ending, **more
    )


_NTSC = {"rate": Fraction(30000, 1001)}
_LANGUAGES = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra", "-disposition:a:1", "default")

OUTPUTS = [
    _written("to_mp4.mkv", "mp4", "-o x.mp4: H.264, the sound as it is"),
    _written("to_m4v.mkv", "m4v", "-o x.m4v: H.264, the sound as it is"),
    _written("to_mov.mp4", "mov", "-o x.mov: H.264, the sound as it is"),
    _written("to_mkv.mp4", "mkv", "-o x.mkv: H.264, the sound as it is"),
    _written("pcm_to_mkv.mov", "mkv", "-o x.mkv: H.264, the sound as it is", sound="PCM", clip={"audio": (PCM,)}),
    _written(
        "pcm_to_mov.avi",
        "mov",
        "-o x.mov: H.264, the sound as it is",
        sound="PCM",
        options=MPEG4,
        codec="MPEG-4",
        clip={"audio": (PCM,)},
    ),
    _written("to_webm.mp4", "webm", "-o x.webm: VP9 or AV1, the sound as Opus"),
    _written("ntsc_to_webm.mp4", "webm", "-o x.webm: VP9 or AV1, the sound as Opus", clip=_NTSC),
    _written(
        "opus_to_webm.webm",
        "webm",
        "-o x.webm: VP9 or AV1, the sound as it is",
        sound="Opus",
        options=VP9,
        codec="VP9",
        clip={"audio": (("-c", "libopus"),)},
    ),
    _written(
        "tracks_to_webm.mp4",
        "webm",
        "-o x.webm: both tracks as Opus, with their languages",
        sound="two AAC tracks",
        clip={"audio": (AAC, AAC), "options": ("-disposition:a:0", "0", *_LANGUAGES)},
    ),
    _written(
        "tracks_to_mkv.mp4",
        "mkv",
        "-o x.mkv: both tracks, with their languages",
        sound="two AAC tracks",
        clip={"audio": (AAC, AAC), "options": ("-disposition:a:0", "0", *_LANGUAGES)},
    ),
    _written("to_gif.mp4", "gif", "-o x.gif: a palette of its own, no sound", corners=32, clip={"rate": 10}),
    _written("to_webp.mp4", "webp", "-o x.webp: animated, no sound", clip={"rate": 10}),
]
