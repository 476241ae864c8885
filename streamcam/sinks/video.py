"""Write annotated frames as a video file that people can play and share, with PyAV."""

from __future__ import annotations

from pathlib import Path

from streamcam.errors import SinkError
from streamcam.settings import Encoding
from streamcam.sinks.containers import container_of
from streamcam.sinks.encoder import reason
from streamcam.sinks.muxer import VideoMuxer
from streamcam.sinks.partial import FileSink
from streamcam.types import Explanation, Frame, VideoInfo


class VideoSink(FileSink):
    """Writes frames in yuv420p, with the source's times and its sound. The same frames give the same bytes.

    The file is written under a temporary name (``out.part.mp4``) and renamed at the end. An MP4 can be played up to
    the last second even when the process is killed. A picture with an odd side is widened by one pixel, since yuv420p
    has none. Container and codec follow from the name's ending: H.264 in ``.mp4``, ``.mov`` and ``.mkv``, VP9 in ``.webm``.

    Args:
        path: the file; its ending chooses the container. For ``.gif`` and animated ``.webp`` see ``open_video``.
        info: of the source: size, rate, clock and sound.
        encoding: how to compress.
        overwrite: whether an existing file may be replaced.

    Raises:
        OutputExistsError: the file exists.
        SinkError: the file cannot be written, or the encoder or the container refuses what is asked for.

    Example::

        with streamcam.VideoSource("in.mp4") as source, streamcam.VideoSink("out.mp4", source.info) as sink:
            streamcam.run(source, explain, [sink])
    """

    def __init__(
        self, path: str | Path, info: VideoInfo, *, encoding: Encoding | None = None, overwrite: bool = False
    ) -> None:
        from streamcam.system.ffmpeg import av

        self._av = av
        self._interval = float(1 / info.frame_rate)
        self._time = 0.0
        super().__init__(path, overwrite=overwrite)
        name = str(self.output.path)
        try:
            self._muxer = VideoMuxer(
                self.output.part, container_of(self.output.path), info, encoding or Encoding(), name=name
            )
        except (av.FFmpegError, ValueError, SinkError) as error:
            self.output.discard()
            if isinstance(error, SinkError):
                raise
            raise SinkError(f"{name}: no video that is written ends so ({reason(error)}); use .mp4 or .mkv") from error

    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        try:
            self._muxer.write(frame)
        except self._av.FFmpegError as error:
            raise self._failure(error) from error
        self._time = frame.time

    def _finish(self, *, complete: bool) -> None:
        try:
            if self.frames:
                self._muxer.finish(float("inf") if complete else self._time + self._interval)
        except self._av.FFmpegError as error:
            raise self._failure(error) from error
        finally:
            try:
                self._muxer.close()
            except self._av.FFmpegError as error:
                raise self._failure(error) from error
