"""Write annotated frames as an animated picture that people can post: GIF or WebP."""

from __future__ import annotations

import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from streamcam.errors import SinkError, StreamcamWarning
from streamcam.settings import Encoding
from streamcam.sinks.colours import to_yuv420, widened
from streamcam.sinks.commenting import with_comment
from streamcam.sinks.encoder import reason
from streamcam.sinks.mark import MARK
from streamcam.sinks.palette import in_palette
from streamcam.sinks.partial import FileSink
from streamcam.sinks.reduction import Reduction
from streamcam.types import Explanation, Frame, UInt8Array, VideoInfo

ANIMATIONS = (".gif", ".webp")
_USUAL_WIDTH, _USUAL_RATE = 480, 15.0
_FASTEST = 50.0  # pictures a second: browsers show a GIF that is faster slowly
_CLOCKS = {".gif": Fraction(1, 100), ".webp": Fraction(1, 1000)}
# A palette for each stretch of a GIF; so much is kept in memory until its palette is known.
_STRETCH_SECONDS, _STRETCH_BYTES = 10.0, 96_000_000
_QUALITY = 80  # of WebP


class AnimationSink(FileSink):
    """Writes an animated GIF or WebP that repeats without end; there is no sound in it.

    Unless ``encoding`` says otherwise, it is at most 480 pixels wide and has at most 15 pictures a second; a
    ``StreamcamWarning`` says what is less than in the source. Each ten seconds of a GIF have a palette of their own.

    Args:
        path: the file, ``.gif`` or ``.webp``.
        info: of the source.
        encoding: ``max_width``, ``max_fps`` and for WebP ``crf``.
        overwrite: whether an existing file may be replaced.

    Raises:
        OutputExistsError: the file exists.
        SinkError: the file cannot be written, or an option has no meaning here.
    """

    def __init__(
        self, path: str | Path, info: VideoInfo, *, encoding: Encoding | None = None, overwrite: bool = False
    ) -> None:
        from streamcam.system.ffmpeg import av, open_container

        self._av = av
        encoding = encoding or Encoding()
        self._is_gif = Path(path).suffix.lower() == ".gif"
        _refuse(Path(path), encoding, is_gif=self._is_gif)
        limits = replace(
            encoding,
            max_width=encoding.max_width or _USUAL_WIDTH,
            max_fps=min(_FASTEST, encoding.max_fps or _USUAL_RATE),
        )
        self._reduction = Reduction(info, limits, square=True)
        super().__init__(path, overwrite=overwrite)
        self._clock = _CLOCKS[self.output.path.suffix.lower()]
        self._last_pts = -1
        self._waiting: list[tuple[UInt8Array, int]] = []
        try:
            self._container = open_container(self.output.part, "w", options={"loop": "0", "fflags": "bitexact"})
            self._stream = self._add_stream(encoding)
            self._container.start_encoding()
        except (av.FFmpegError, ValueError) as error:
            self.output.discard()
            raise SinkError(f"{self.output.path}: cannot be opened as an animation ({reason(error)})") from error
        self._tell(info)

    def _add_stream(self, encoding: Encoding) -> Any:
        info = self._reduction.info if self._is_gif else self._reduction.even
        quality = _QUALITY if encoding.crf is None else max(0, round(100 - encoding.crf * 100 / 63))
        options = {} if self._is_gif else {"quality": str(quality)}
        stream: Any = self._container.add_stream("gif" if self._is_gif else "libwebp_anim", info.frame_rate, options)
        stream.width, stream.height, stream.pix_fmt = info.width, info.height, "pal8" if self._is_gif else "yuv420p"
        stream.time_base = stream.codec_context.time_base = self._clock
        return stream

    def _tell(self, info: VideoInfo) -> None:
        told = [f"reduced {said} (--max-width and --max-fps for more)"] if (said := self._reduction.said) else []
        told += ["written without sound"] if info.audio else []
        if told:
            warnings.warn(f"{self.output.path}: {', and '.join(told)}", StreamcamWarning, stacklevel=4)

    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        if not self._reduction.takes(frame):
            return
        self._last_pts = max(self._last_pts + 1, round(frame.time / self._clock))
        image = self._reduction.sized(frame.image)
        try:
            if self._is_gif:
                self._keep(image, self._last_pts)
            else:
                self._encode(self._yuv(image), self._last_pts)
        except self._av.FFmpegError as error:
            raise self._failure(error) from error

    def _keep(self, image: UInt8Array, pts: int) -> None:
        """Keep a picture of a GIF until the palette of its stretch is known."""
        if self._waiting:
            long = (pts - self._waiting[0][1]) * self._clock >= _STRETCH_SECONDS
            if long or (len(self._waiting) + 1) * image.nbytes > _STRETCH_BYTES:
                self._encode_stretch()
        self._waiting.append((image, pts))

    def _encode_stretch(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            for frame, (_, pts) in zip(in_palette(image for image, _ in waiting), waiting, strict=True):
                self._encode(frame, pts)

    def _yuv(self, image: UInt8Array) -> Any:
        even = self._reduction.even
        return self._av.VideoFrame.from_ndarray(to_yuv420(widened(image, even.height, even.width)), format="yuv420p")

    def _encode(self, picture: Any, pts: int) -> None:
        picture.time_base, picture.pts = self._clock, pts
        picture.duration = max(1, round(1 / (self._reduction.info.frame_rate * self._clock)))
        self._container.mux(self._stream.encode(picture))

    def _finish(self, *, complete: bool) -> None:
        try:
            if self.frames:
                self._encode_stretch()
                self._container.mux(self._stream.encode(None))
        except self._av.FFmpegError as error:
            raise self._failure(error) from error
        finally:
            try:
                self._container.close()
            except self._av.FFmpegError as error:  # one without pictures cannot be completed, and is removed
                if self.frames:
                    raise self._failure(error) from error
        if self.frames:
            self.output.part.write_bytes(with_comment(self.output.part.read_bytes(), MARK))


def _refuse(path: Path, encoding: Encoding, *, is_gif: bool) -> None:
    """Options that cannot be kept are refused; speeds are every encoder's business, and these are fast."""
    if encoding.codec:
        raise SinkError(f"--codec {encoding.codec}: {path.suffix} holds no video codec; leave it out, or name an .mp4")
    if is_gif and encoding.crf is not None:
        raise SinkError(f"--crf {encoding.crf}: a GIF has no such quality; leave it out, or use --max-width")
