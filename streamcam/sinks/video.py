"""Write annotated frames as a video file that people can play and share, with PyAV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from streamcam.errors import SinkError
from streamcam.settings import Encoding
from streamcam.sinks.audio import AudioCopy
from streamcam.sinks.partial import FileSink
from streamcam.types import Explanation, Frame, UInt8Array, VideoInfo

# A fragment a second keeps all but the last second when the process is killed; at the end the file is made an
# ordinary MP4 again. Without delay_moov the index would be written before the encoder's delay and the sound's priming
# are known, and the picture would lag behind the sound by two frames.
_FRAGMENTED = {"movflags": "hybrid_fragmented+delay_moov", "frag_duration": "1000000"}
_FRAGMENTABLE = (".mp4", ".mov", ".m4v")
_KEYFRAME_SECONDS = 2
_THREADS = 4  # what x264 writes depends on their number: the same on every machine
# x264's macroblock tree, with B-frames, reads memory that nobody has written: now and then the same frames become other
# bytes. Without it, a crf higher by 2 gives the same PSNR for 7 to 18 % more bytes (two clips of 720p).
_REPEATABLE = {"mbtree": "0"}
_MATRIX_BT601, _PRIMARIES_BT709, _LIMITED_RANGE = 6, 1, 1  # ISO/IEC 23091-2 codes, and FFmpeg's for the range


class VideoSink(FileSink):
    """Writes frames as H.264 in yuv420p, with the source's times and its sound. The same frames give the same bytes.

    The file is written under a temporary name (``out.part.mp4``) and renamed at the end. An MP4 can be played up to
    the last second even when the process is killed. A picture with an odd side is widened by one pixel, since yuv420p
    has none.

    Args:
        path: the file; its ending chooses the container (``.mp4``, ``.mov``, ``.mkv``, …).
        info: of the source: size, rate, clock and sound.
        encoding: how to compress.
        overwrite: whether an existing file may be replaced.

    Raises:
        OutputExistsError: the file exists.
        SinkError: the file cannot be written, or the encoder does not exist here.
    """

    def __init__(
        self, path: str | Path, info: VideoInfo, *, encoding: Encoding | None = None, overwrite: bool = False
    ) -> None:
        from streamcam.system.ffmpeg import av

        self._av = av
        self._info = info
        self._encoding = encoding or Encoding()
        _check_encoder(self._encoding.codec)
        super().__init__(path, overwrite=overwrite)
        try:
            self._container = av.open(
                str(self.output.part.absolute()), "w", options=container_options(self.output.path)
            )
            self._stream = self._add_stream()
            self._audio = AudioCopy(info.audio, self._container) if info.audio else None
        except (av.FFmpegError, ValueError) as error:
            self.output.discard()
            raise SinkError(
                f"{self.output.path}: cannot be opened as a video ({_reason(error)}); use .mp4 or .mkv"
            ) from error
        self._last_pts = -1
        self._time = 0.0

    def _add_stream(self) -> Any:
        info, encoding = self._info, self._encoding
        options = {"crf": str(encoding.crf), "preset": encoding.preset, **_REPEATABLE}
        stream: Any = self._container.add_stream(encoding.codec, rate=info.frame_rate, options=options)
        stream.width, stream.height = info.width + info.width % 2, info.height + info.height % 2
        stream.pix_fmt = "yuv420p"
        stream.time_base = stream.codec_context.time_base = info.time_base
        stream.codec_context.thread_count = _THREADS
        stream.codec_context.sample_aspect_ratio = info.pixel_aspect
        stream.codec_context.gop_size = max(1, round(_KEYFRAME_SECONDS * info.frame_rate))
        if info.live or info.uneven:  # with frames out of order, such an MP4 would state too short a length
            stream.codec_context.max_b_frames = 0
        if info.uneven:
            stream.codec_context.flags |= self._av.codec.context.Flags.frame_duration
        if info.colour_tagged:
            context = stream.codec_context
            context.colorspace, context.color_range = _MATRIX_BT601, _LIMITED_RANGE
            context.color_primaries = context.color_trc = _PRIMARIES_BT709
        return stream

    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        picture = self._av.VideoFrame.from_ndarray(self._to_yuv(frame.image), format="yuv420p")
        picture.time_base = self._info.time_base
        picture.pts = self._last_pts = max(self._last_pts + 1, round(frame.time / self._info.time_base))
        seconds = frame.duration or 1 / self._info.frame_rate
        picture.duration = max(1, round(seconds / self._info.time_base))
        self._time = frame.time
        self._mux(picture)

    def _to_yuv(self, image: UInt8Array) -> UInt8Array:
        """``(H, W, 3)`` BGR to planar ``(H * 3 / 2, W)`` yuv420p, BT.601, limited range."""
        height, width = self._stream.height, self._stream.width
        if image.shape[:2] != (self._info.height, self._info.width):
            image = cv2.resize(image, (self._info.width, self._info.height)).astype(np.uint8, copy=False)
        if image.shape[:2] != (height, width):
            bottom, right = height - image.shape[0], width - image.shape[1]
            image = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE).astype(np.uint8, copy=False)
        return cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False)

    def _mux(self, picture: Any) -> None:
        """Encode a picture (None to end) and write what comes out, with the sound that is due by then."""
        try:
            for packet in self._stream.encode(picture):
                if self._audio:
                    self._audio.copy_until(float((packet.dts or 0) * packet.time_base))
                self._container.mux(packet)
        except self._av.FFmpegError as error:
            raise self._failure(error) from error

    def _finish(self, *, complete: bool) -> None:
        try:
            if self.frames:
                self._mux(None)
                if self._audio:
                    end = float("inf") if complete else self._time + float(1 / self._info.frame_rate)
                    self._audio.copy_until(end)
        finally:
            if self._audio:
                self._audio.close()
            try:
                self._container.close()
            except self._av.FFmpegError as error:
                raise self._failure(error) from error


def container_options(path: Path) -> dict[str, str]:
    """What makes a container of this name playable while it is written."""
    return _FRAGMENTED if path.suffix.lower() in _FRAGMENTABLE else {}


def _check_encoder(codec: str) -> None:
    from streamcam.system.ffmpeg import av

    try:
        formats = [f.name for f in av.Codec(codec, "w").video_formats or ()]
    except (av.codec.codec.UnknownCodecError, ValueError) as error:
        raise SinkError(
            f"--codec {codec}: this FFmpeg has no such encoder; h264, hevc and vp9 are common ones"
        ) from error
    if "yuv420p" not in formats:
        raise SinkError(f"--codec {codec}: does not encode yuv420p video; h264, hevc and vp9 do")


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
