"""Open a video encoder, with speed and quality in words that hold for all of them; what it refuses is blamed by option."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from typing import Any

from streamcam.errors import EncodingError, SinkError
from streamcam.settings import Encoding
from streamcam.system.priority import usual_priority
from streamcam.types import VideoInfo

_KEYFRAME_SECONDS = 2
_THREADS = 4  # what x264 writes depends on their number: the same on every machine
# x264's macroblock tree, with B-frames, reads memory that nobody has written: now and then the same frames become other
# bytes. Without it, a crf higher by 2 gives the same PSNR for 7 to 18 % more bytes (two clips of 720p).
_X264 = {"mbtree": "0"}
_MATRIX_BT601, _PRIMARIES_BT709, _LIMITED_RANGE = 6, 1, 1  # ISO/IEC 23091-2 codes, and FFmpeg's for the range

SPEEDS = (
    "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo",
)  # fmt: skip
# The numbers that mean these speeds. In real time (720p on two cores) are the first three.
_VP9 = dict(zip(SPEEDS, (8, 7, 6, 5, 4, 4, 3, 2, 1, 0), strict=True))
_AV1 = dict(zip(SPEEDS, (12, 11, 10, 9, 8, 7, 6, 5, 4, 2), strict=True))
_X26X = ("libx264", "libx265")
_X265 = {"x265-params": "log-level=error"}  # it would tell of itself on the terminal
_VPX = ("libvpx-vp9", "libvpx")
_NEWER = (*_VPX, "libsvtav1")  # their quality is on another scale
_VP9_REALTIME = 4  # up to "fast"; libvpx knows slower speeds in its other mode only


def add_video(
    output: Any, info: VideoInfo, encoding: Encoding, codec: str, *, name: str, low_delay: bool = False
) -> Any:
    """Add a video track to a container, with its encoder open.

    Args:
        output: a container that has not been written to yet.
        info: size, rate, clock and colours of the pictures; both sides even.
        encoding: how to compress.
        codec: the encoder, where ``encoding`` names none.
        name: of the output, in messages.
        low_delay: give each picture at once, for viewers who wait for it.

    Raises:
        SinkError: the encoder does not exist here, or refuses an option or the picture, or the container refuses it.
    """
    from streamcam.system.ffmpeg import av

    given, codec = encoding.codec, encoding.codec or codec
    encoder = _encoder_of(codec)
    if encoder in _X26X and encoding.preset and encoding.preset not in (*SPEEDS, *"0123456789"):
        raise EncodingError(_no_such_speed(encoder, encoding.preset))  # asked for it, x264 prints a line of its own
    if encoder == "libsvtav1":
        os.environ.setdefault("SVT_LOG", "1")  # errors only
    options = _options(encoder, encoding, low_delay=low_delay)
    try:
        stream: Any = output.add_stream(codec, rate=info.frame_rate, options=options)
    except ValueError as error:
        raise (EncodingError if given else SinkError)(_unfit(name, codec, given)) from error
    _configure(stream.codec_context, info, low_delay=low_delay)
    stream.time_base = info.time_base
    try:
        with usual_priority():
            stream.codec_context.open()
    except (av.FFmpegError, ValueError) as error:
        raise SinkError(_blame(encoder, encoding, info, options, name, error)) from error
    left = stream.codec_context.options
    if encoding.crf is not None and "crf" in left:
        raise EncodingError(
            f"--crf {encoding.crf}: {encoder} has no constant quality; leave it out, or use --codec h264"
        )
    return stream


def _configure(context: Any, info: VideoInfo, *, low_delay: bool) -> None:
    context.width, context.height, context.pix_fmt = info.width, info.height, "yuv420p"
    context.framerate, context.time_base = info.frame_rate, info.time_base
    context.thread_count = _THREADS
    context.sample_aspect_ratio = info.pixel_aspect
    context.gop_size = max(1, round((1 if low_delay else _KEYFRAME_SECONDS) * info.frame_rate))
    if info.live or info.uneven:  # with frames out of order, such an MP4 would state too short a length
        context.max_b_frames = 0
    if info.uneven:
        from streamcam.system.ffmpeg import av

        context.flags |= av.codec.context.Flags.frame_duration
    if info.colour_tagged:
        context.colorspace, context.color_range = _MATRIX_BT601, _LIMITED_RANGE
        context.color_primaries = context.color_trc = _PRIMARIES_BT709


def _encoder_of(codec: str) -> str:
    """FFmpeg's name of the encoder that stands for a codec."""
    from streamcam.system.ffmpeg import av

    try:
        encoder = av.Codec(codec, "w")
    except (av.codec.codec.UnknownCodecError, ValueError) as error:
        raise EncodingError(
            f"--codec {codec}: this FFmpeg has no such encoder; h264, hevc, vp9 and av1 are common ones"
        ) from error
    if encoder.type != "video" or "yuv420p" not in [f.name for f in encoder.video_formats or ()]:
        raise EncodingError(f"--codec {codec}: does not encode yuv420p video; h264, hevc, vp9 and av1 do")
    return encoder.name


def _options(encoder: str, encoding: Encoding, *, low_delay: bool) -> dict[str, str]:
    """Speed and quality as this encoder calls them."""
    preset = encoding.preset or "veryfast"
    crf = str(encoding.crf if encoding.crf is not None else 32 if encoder in _NEWER else 22)
    if encoder in _VPX:
        speed = str(_VP9.get(preset, preset))
        realtime = low_delay or not speed.isdigit() or int(speed) >= _VP9_REALTIME
        mode = {"deadline": "realtime" if realtime else "good", "cpu-used": speed, "row-mt": "1", "tile-columns": "2"}
        return {"crf": crf, "b": "0", **mode}
    if encoder == "libsvtav1":
        return {"crf": crf, "preset": str(_AV1.get(preset, preset)), "svtav1-params": f"lp={_THREADS}"}
    if preset in SPEEDS and encoding.crf is None and encoder not in _X26X:
        return {}
    options = {"crf": crf, "preset": preset}
    if encoder == "libx265":
        options |= _X265
    if encoder == "libx264":
        options |= _X264 | ({"tune": "zerolatency"} if low_delay else {})
    return options


def _blame(
    encoder: str, encoding: Encoding, info: VideoInfo, options: dict[str, str], name: str, error: Exception
) -> str:
    """Which option an encoder has refused: the one without which it opens."""
    without_preset, without_crf = replace(encoding, preset=None), replace(encoding, crf=None)
    if encoding.preset and _opens(encoder, info, _options(encoder, without_preset, low_delay=False)):
        return _no_such_speed(encoder, encoding.preset)
    if encoding.crf is not None and _opens(encoder, info, _options(encoder, without_crf, low_delay=False)):
        return f"--crf {encoding.crf}: {encoder} does not take it; lower is better, and 18 to 35 are usual"
    small = VideoInfo(640, 480, Fraction(25))
    if encoding.codec and not _opens(encoder, small, options):
        return f"--codec {encoding.codec}: {encoder} cannot be used here ({reason(error)}); h264, hevc, vp9 and av1 can"
    size = f"{info.width}x{info.height} at {float(info.frame_rate):.6g} fps"
    return f"{name}: {encoder} does not encode {size} ({reason(error)}); use another --codec or --max-width"


def _no_such_speed(encoder: str, preset: str) -> str:
    return f"--preset {preset}: {encoder} has no such speed; choose of ultrafast, veryfast, medium … veryslow"


def _opens(encoder: str, info: VideoInfo, options: dict[str, str]) -> bool:
    from streamcam.system.ffmpeg import av

    try:
        context: Any = av.CodecContext.create(encoder, "w")
        context.options = dict(options)
        _configure(context, info, low_delay=False)
        with usual_priority():
            context.open()
    except (av.FFmpegError, ValueError):
        return False
    return True


def _unfit(name: str, codec: str, given: str | None) -> str:
    """A container does not hold a codec: the line that says what to do."""
    ending = "." + name.rpartition(".")[2] if "." in name else name
    if given:
        return f"--codec {given}: {ending} does not hold it; leave --codec out for what it holds, or use a name that ends in .mkv"
    return f"{name}: {ending} does not hold {codec} video; use .mp4, .mov, .mkv or .webm"


def refuse_container(name: str, encoding: Encoding, codec: str) -> SinkError:
    """The error for a container that refuses the picture's codec when its header is written."""
    kind = EncodingError if encoding.codec else SinkError
    return kind(_unfit(name, encoding.codec or codec, encoding.codec))


def reason(error: Exception) -> str:
    """Why FFmpeg refused something, in its words."""
    return str(getattr(error, "strerror", None) or error)
