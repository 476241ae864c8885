"""Kinds of video files: container by codec by pixel format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kind import Clip, Kind

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "16")
HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:crf=16:pools=1")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "4", "-b:v", "800k", "-qmin", "4", "-qmax", "20")
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "0", "-crf", "16")
AV1 = ("-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-crf", "16", "-b:v", "0")
MPEG2 = ("-c:v", "mpeg2video", "-q:v", "2")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "2")
MJPEG = ("-c:v", "mjpeg", "-q:v", "2")
FFV1 = ("-c:v", "ffv1")
RAW = ("-c:v", "rawvideo")
AAC = ("-c", "aac", "-ar", "48000")
PCM = ("-c", "pcm_s16le")
_DV_SIZE = (720, 576)


def video(
    name: str,
    codec: str,
    options: Sequence[str],
    format: str = "yuv420p",
    *,
    group: str = "Containers and codecs",
    sound: str = "",
    special: str = "",
    clip: dict[str, Any] | None = None,
    **expected: Any,
) -> Kind:
    """A video as ffmpeg makes it."""
    made = Clip(video=options, format=format, **(clip or {}))
    expected = {"numbers": tuple(made.numbers), "size": made.size} | expected
    return Kind(
        name=name, group=group, picture=f"{codec}, {format}", sound=sound, special=special, make=made, **expected
    )


def _codec(name: str, codec: str, *options: str, format: str = "yuv420p", **more: Any) -> Kind:
    return video(name, codec, ("-c:v", *options), format, **more)


def _rgb(**clip: Any) -> dict[str, Any]:
    return {"tagged": False, **clip}


CONTAINERS = [
    video("h264.mp4", "H.264", H264),
    video("h264.m4v", "H.264", H264, clip={"options": ("-f", "mp4")}),
    video("h264.mov", "H.264", H264),
    video("h264.mkv", "H.264", H264),
    video("h264.avi", "H.264", H264),
    video("h264.flv", "H.264", H264),
    video("h264.ts", "H.264", H264),
    video("h264.m2ts", "H.264", H264),
    video("h264.3gp", "H.264", H264),
    video("h264.nut", "H.264", H264),
    video("stream.h264", "H.264", H264, special="no container"),
    video(
        "fragmented.mp4",
        "H.264",
        H264,
        special="in fragments, as browsers record",
        clip={"options": ("-movflags", "frag_keyframe+empty_moov")},
    ),
    video("fast_start.mp4", "H.264", H264, special="index first", clip={"options": ("-movflags", "faststart")}),
    video("hevc.mp4", "HEVC", HEVC),
    video("hvc1.mov", "HEVC", HEVC, special="as phones tag it", clip={"options": ("-tag:v", "hvc1")}),
    video("hevc.mkv", "HEVC", HEVC),
    video("hevc.ts", "HEVC", HEVC),
    video("stream.hevc", "HEVC", HEVC, special="no container"),
    video("av1.mp4", "AV1", AV1),
    video("av1.mkv", "AV1", AV1),
    video("av1.webm", "AV1", AV1),
    video("av1.ivf", "AV1", AV1),
    video("vp8.webm", "VP8", VP8),
    video("vp8.ivf", "VP8", VP8),
    video("vp9.webm", "VP9", VP9),
    video("vp9.mkv", "VP9", VP9),
    video("vp9.mp4", "VP9", VP9),
    _codec("mpeg1.mpg", "MPEG-1", "mpeg1video", "-q:v", "2"),
    video("mpeg2.mpg", "MPEG-2", MPEG2),
    video("mpeg2.vob", "MPEG-2", MPEG2, clip={"options": ("-f", "vob")}),
    video("mpeg2.ts", "MPEG-2", MPEG2),
    video("mpeg2.m2v", "MPEG-2", MPEG2, special="no container"),
    video("mpeg2.mxf", "MPEG-2", MPEG2, "yuv422p", clip={"tagged": False}),
    video("mpeg4.mp4", "MPEG-4", MPEG4),
    video("mpeg4.avi", "MPEG-4", MPEG4),
    video(
        "xvid.avi",
        "MPEG-4",
        ("-c:v", "libxvid", "-q:v", "2"),
        special="as Xvid writes it",
        clip={"options": ("-tag:v", "XVID")},
    ),
    video("mpeg4.3gp", "MPEG-4", MPEG4),
    video("mpeg4.mkv", "MPEG-4", MPEG4),
    video("mjpeg.avi", "Motion JPEG", MJPEG, "yuvj420p", clip={"full": True}),
    video("mjpeg.mov", "Motion JPEG", MJPEG, "yuvj422p", clip={"full": True}),
    video("mjpeg.mkv", "Motion JPEG", MJPEG, "yuvj444p", clip={"full": True}),
    video("stream.mjpeg", "Motion JPEG", MJPEG, "yuvj420p", special="no container", clip={"full": True}),
    _codec("wmv2.wmv", "WMV 8", "wmv2", "-q:v", "2"),
    _codec("wmv1.wmv", "WMV 7", "wmv1", "-q:v", "2"),
    _codec("msmpeg4.asf", "MS MPEG-4 v3", "msmpeg4", "-q:v", "2", "-g", "1"),
    _codec("flv1.flv", "Sorenson H.263", "flv", "-q:v", "2"),
    _codec("h263.3gp", "H.263", "h263", "-q:v", "2", clip={"size": (128, 96)}),
    _codec("theora.ogv", "Theora", "libtheora", "-q:v", "10"),
    _codec("prores.mov", "ProRes 422", "prores_ks", format="yuv422p10le"),
    _codec("prores4444.mov", "ProRes 4444", "prores_ks", "-profile:v", "4444", format="yuv444p10le"),
    _codec("dnxhr.mov", "DNxHR", "dnxhd", "-profile:v", "dnxhr_hq", format="yuv422p", clip={"size": (256, 128)}),
    _codec("dnxhr10.mxf", "DNxHR", "dnxhd", "-profile:v", "dnxhr_hqx", format="yuv422p10le", clip={"size": (256, 128)}),
    _codec("cineform.mov", "CineForm", "cfhd", format="yuv422p10le", clip={"size": (128, 96)}),
    _codec("dv.dv", "DV", "dvvideo", format="yuv420p", special="PAL", clip={"size": _DV_SIZE, "numbers": range(4)}),
    _codec("dv.avi", "DV", "dvvideo", format="yuv420p", special="PAL", clip={"size": _DV_SIZE, "numbers": range(4)}),
    video("ffv1.mkv", "FFV1", FFV1),
    _codec("huffyuv.avi", "Huffyuv", "huffyuv", format="yuv422p"),
    _codec("utvideo.avi", "Ut Video", "utvideo"),
    _codec("magicyuv.avi", "MagicYUV", "magicyuv", format="gbrp", clip=_rgb()),
    _codec("qtrle.mov", "QuickTime RLE", "qtrle", format="rgb24", clip=_rgb()),
    _codec("png.mov", "PNG", "png", format="rgb24", clip=_rgb()),
    _codec("cinepak.avi", "Cinepak", "cinepak", format="rgb24", corners=40, clip=_rgb(numbers=range(6))),
    _codec("msvideo1.avi", "MS Video 1", "msvideo1", format="rgb555le", corners=24, clip=_rgb()),
    _codec("svq1.mov", "Sorenson 1", "svq1", "-q:v", "2", format="yuv410p", corners=40),
    _codec("jpeg2000.mov", "JPEG 2000", "jpeg2000", format="yuv420p"),
    _codec("v210.mov", "v210", "v210", format="yuv422p10le"),
    video("raw.avi", "uncompressed", RAW, "bgr24", clip=_rgb()),
    video("raw.mov", "uncompressed", ("-c:v", "rawvideo", "-tag:v", "2vuy"), "uyvy422"),
    video("raw.nut", "uncompressed", RAW, "yuv420p"),
    video("frames.y4m", "uncompressed", ("-c:v", "wrapped_avframe"), "yuv420p", clip={"tagged": False}),
    video("msmpeg4v2.avi", "MS MPEG-4 v2", ("-c:v", "msmpeg4v2", "-q:v", "2", "-g", "1")),
    _codec("snow.avi", "Snow", "snow", "-q:v", "1", "-strict", "-2"),
    _codec("rv20.rm", "RealVideo 2", "rv20", "-q:v", "2", "-g", "1", clip={"size": (96, 64)}),
]

PIXEL_FORMATS = [
    video("h264_422.mp4", "H.264", H264, "yuv422p", group="Pixel formats and colours"),
    video("h264_444.mp4", "H.264", H264, "yuv444p", group="Pixel formats and colours"),
    video("h264_10bit.mp4", "H.264", H264, "yuv420p10le", group="Pixel formats and colours"),
    video("h264_422_10bit.mov", "H.264", H264, "yuv422p10le", group="Pixel formats and colours"),
    video("h264_gray.mp4", "H.264", H264, "gray", group="Pixel formats and colours", gray=True),
    video(
        "h264_rgb.mp4",
        "H.264",
        ("-c:v", "libx264rgb", "-crf", "8"),
        "rgb24",
        group="Pixel formats and colours",
        clip=_rgb(),
    ),
    video(
        "h264_full_range.mp4",
        "H.264",
        H264,
        "yuvj420p",
        group="Pixel formats and colours",
        special="full range",
        clip={"full": True},
    ),
    video(
        "h264_bt709.mp4", "H.264", H264, group="Pixel formats and colours", special="BT.709", clip={"matrix": "bt709"}
    ),
    video(
        "h264_untagged.mp4",
        "H.264",
        H264,
        group="Pixel formats and colours",
        special="no word of its colours",
        clip={"tagged": False},
    ),
    video("hevc_10bit.mp4", "HEVC", HEVC, "yuv420p10le", group="Pixel formats and colours"),
    video("hevc_12bit.mkv", "HEVC", HEVC, "yuv420p12le", group="Pixel formats and colours"),
    video(
        "hevc_bt2020.mp4",
        "HEVC",
        HEVC,
        "yuv420p10le",
        group="Pixel formats and colours",
        special="BT.2020, no HDR",
        clip={"matrix": "bt2020"},
    ),
    video("vp9_444.webm", "VP9", VP9, "yuv444p", group="Pixel formats and colours"),
    video("vp9_10bit.webm", "VP9", VP9, "yuv420p10le", group="Pixel formats and colours"),
    video("av1_10bit.mkv", "AV1", AV1, "yuv420p10le", group="Pixel formats and colours"),
    video("ffv1_rgb.mkv", "FFV1", FFV1, "bgr0", group="Pixel formats and colours", clip=_rgb()),
    video("ffv1_16bit.mkv", "FFV1", FFV1, "gbrp16le", group="Pixel formats and colours", clip=_rgb()),
    video("ffv1_gray16.mkv", "FFV1", FFV1, "gray16le", group="Pixel formats and colours", gray=True, clip=_rgb()),
    video("ffv1_410.mkv", "FFV1", FFV1, "yuv410p", group="Pixel formats and colours"),
    video("ffv1_411.mkv", "FFV1", FFV1, "yuv411p", group="Pixel formats and colours"),
    video("raw_yuyv.avi", "uncompressed", RAW, "yuyv422", group="Pixel formats and colours"),
    video(
        "odd_size.mp4",
        "H.264",
        H264,
        "yuv444p",
        group="Pixel formats and colours",
        special="97x65",
        clip={"size": (97, 65)},
    ),
    video("odd_size.webm", "VP9", VP9, group="Pixel formats and colours", special="97x65", clip={"size": (97, 65)}),
    video(
        "anamorphic.mp4",
        "H.264",
        H264,
        group="Pixel formats and colours",
        special="pixels 16:11",
        clip={"filters": ("setsar=16/11",)},
    ),
    video(
        "anamorphic.mpg",
        "MPEG-2",
        MPEG2,
        group="Pixel formats and colours",
        special="shown 16:9",
        clip={"options": ("-aspect", "16:9")},
    ),
    video(
        "tall.mp4",
        "H.264",
        H264,
        group="Pixel formats and colours",
        special="upright as it is",
        clip={"size": (64, 112)},
    ),
]
