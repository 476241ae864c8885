"""Kinds of files that are broken, or odd in a way that readers trip over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from containers import AAC, H264, MJPEG, MPEG2, MPEG4, PCM, VP9, video
from damage import (
    cut,
    drop_frames,
    flip,
    joined,
    latin1,
    noise_in_sound,
    two_pictures,
    unknown_codec,
    with_cover,
    with_subtitles,
    without_index,
)
from kind import Clip, Kind, ffmpeg

_GROUP = "Damaged and odd files"
_LONG = {"numbers": range(30), "audio": (AAC,)}
_HOUR = ("-output_ts_offset", "3600")


def _sound_only(path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=duration=0.5", "-c:a", "aac", path)


def _odd(
    name: str,
    special: str,
    after: Callable[[Path], None] | None = None,
    options: Any = H264,
    codec: str = "H.264",
    clip: dict[str, Any] | None = None,
    **more: Any,
) -> Kind:
    sound = more.pop("sound", "")
    kind_format = more.pop("format", "yuv420p")
    made = {**(clip or {}), **({"after": after} if after else {})}
    return video(name, codec, options, kind_format, group=_GROUP, special=special, sound=sound, clip=made, **more)


def _file(name: str, special: str, make: Callable[[Path], None], **more: Any) -> Kind:
    return Kind(name=name, group=_GROUP, picture="", special=special, make=make, **more)


_ENCRYPTED = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_key", "76a6c65c5ea762046bd749a2e632ccbb")
_WITH_KEY = (*_ENCRYPTED, "-encryption_kid", "a7e61c373e219033c21091fa607bf3b8")
_TITLE = ("-metadata", "title=CAFEXTITLE")

DAMAGE = [
    _odd("cut.ts", "cut off at half", cut(0.5), clip=_LONG, sound="AAC", result="with loss", tells=False),
    _odd(
        "cut.mkv",
        "cut off at half",
        cut(0.5),
        clip={"numbers": range(48), "rate": 10, "audio": (AAC,)},
        sound="AAC",
        result="with loss",
    ),
    _odd(
        "cut.avi",
        "cut off at half",
        cut(0.5),
        clip={"numbers": range(30), "audio": (PCM,)},
        options=MJPEG,
        codec="Motion JPEG",
        format="yuvj420p",
        sound="PCM",
        result="with loss",
    ),
    _odd(
        "cut_fast_start.mp4",
        "cut off at half, index first",
        cut(0.5),
        clip={**_LONG, "options": ("-movflags", "faststart")},
        sound="AAC",
        result="with loss",
    ),
    _odd(
        "cut_no_index.mp4",
        "cut off before its index",
        cut(0.5),
        clip=_LONG,
        sound="AAC",
        result="refused",
        says=("cut off",),
        reference=None,
    ),
    _odd(
        "cut_fragmented.mp4",
        "in fragments, cut off in the last",
        cut(0.8),
        clip={"numbers": range(30), "options": ("-g", "5", "-movflags", "frag_keyframe+empty_moov")},
        result="with loss",
        tells=False,
    ),
    _odd(
        "flips.ts",
        "single bits flipped",
        flip(12, 1),
        options=MPEG2,
        codec="MPEG-2",
        clip={"numbers": range(30)},
        result="with loss",
        numbers=None,
        concealed=True,
    ),
    _odd(
        "flips.mkv",
        "single bits flipped",
        flip(12, 2),
        clip={"numbers": range(30)},
        result="with loss",
        numbers=None,
        concealed=True,
    ),
    _odd(
        "noise_in_sound.ts",
        "noise in packets of the sound",
        noise_in_sound,
        clip=_LONG,
        sound="AAC",
        result="with loss",
        numbers=tuple(range(30)),
    ),
    _odd(
        "dropped_frames.avi",
        "empty chunks for frames that were dropped",
        drop_frames(3, 7, 8),
        options=MJPEG,
        codec="Motion JPEG",
        format="yuvj420p",
        clip={"audio": (PCM,), "full": True},
        sound="PCM",
        numbers=(0, 1, 2, 2, 4, 5, 6, 6, 6, 9, 10, 11),
        held=True,
        reference=None,
    ),
    _odd(
        "dropped_frames_mpeg4.avi",
        "empty chunks for frames that were dropped",
        drop_frames(5),
        options=(*MPEG4, "-g", "1"),
        codec="MPEG-4",
        numbers=(0, 1, 2, 3, 4, 4, 6, 7, 8, 9, 10, 11),
        held=True,
        reference=None,
    ),
    _odd(
        "dropped_last.avi",
        "an empty chunk for the last frame",
        drop_frames(11),
        options=MJPEG,
        codec="Motion JPEG",
        format="yuvj420p",
        clip={"full": True},
        numbers=(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10),
        held=True,
        reference=None,
    ),
    _odd(
        "no_index.avi",
        "without an index",
        without_index,
        options=MPEG4,
        codec="MPEG-4",
        clip={"audio": (PCM,)},
        sound="PCM",
    ),
    _odd("latin1.avi", "a title that is not UTF-8", latin1, options=MPEG4, codec="MPEG-4", clip={"options": _TITLE}),
    _odd("latin1.mkv", "a title that is not UTF-8", latin1, clip={"options": _TITLE}),
    _odd("latin1.mp4", "a title that is not UTF-8", latin1, clip={"options": _TITLE}),
    _file(
        "clock_back.ts",
        "two recordings joined, the clock goes back an hour",
        joined(Clip(audio=(AAC,), options=_HOUR), Clip(audio=(AAC,), numbers=range(12, 24))),
        numbers=tuple(range(24)),
        joined=12,
        sound="AAC",
    ),
    _file(
        "clock_ahead.ts",
        "two recordings joined, the clock jumps an hour ahead",
        joined(Clip(audio=(AAC,)), Clip(audio=(AAC,), numbers=range(12, 24), options=_HOUR)),
        numbers=tuple(range(24)),
        joined=12,
        sound="AAC",
    ),
    _file(
        "sound_only.mp4",
        "sound, no picture",
        _sound_only,
        result="refused",
        says=("sound but no picture",),
        reference=None,
    ),
    _file("empty.mp4", "empty", lambda path: path.write_bytes(b""), result="refused", says=("empty",), reference=None),
    _file(
        "text.mp4",
        "a text with the wrong ending",
        lambda path: path.write_text("no video\n" * 99),
        result="refused",
        says=("not a video",),
        reference=None,
    ),
    _file(
        "zeros.mkv",
        "zeros",
        lambda path: path.write_bytes(bytes(9999)),
        result="refused",
        says=("not a video",),
        reference=None,
    ),
    _odd(
        "unknown_codec.mp4",
        "of a codec that nobody knows",
        unknown_codec,
        result="refused",
        says=("zzzz", "mp4"),
        reference=None,
    ),
    _odd(
        "encrypted.mp4",
        "encrypted, as shops sell films",
        clip={"options": _WITH_KEY},
        result="refused",
        says=("encrypted",),
        reference=None,
    ),
    _odd("cover.mp4", "with a cover picture", with_cover, clip={"audio": (AAC,)}, sound="AAC"),
    _odd("subtitles.mkv", "with subtitles and an attachment", with_subtitles),
    _odd("two_pictures.mkv", "two tracks of pictures: the first is taken", two_pictures),
    _file(
        "resolution.ts",
        "the size changes halfway",
        joined(Clip(), Clip(numbers=range(12, 24), size=(128, 96), options=("-output_ts_offset", "0.48"))),
        numbers=tuple(range(24)),
        reference=None,
    ),
    _odd("alpha.webm", "VP9, transparent", None, options=(*VP9, "-auto-alt-ref", "0"), codec="VP9", format="yuva420p"),
]
