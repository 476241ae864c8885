"""Make whole pictures of interlaced ones, two half pictures of different times woven line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any


class Deinterlacer:
    """Passes pictures on; from the first interlaced one on through FFmpeg's ``bwdif``, which holds one back."""

    def __init__(self) -> None:
        self._graph: Any = None
        self._shape: tuple[Any, ...] = ()

    def pictures(self, frames: Sequence[Any], *, ends: bool = False) -> Iterator[Any]:
        """PyAV's frames, without combs.

        Args:
            frames: the next ones of the stream.
            ends: whether they are the last.
        """
        for frame in frames:
            shape = frame.width, frame.height, frame.format.name
            if self._graph is not None and shape != self._shape:
                yield from self._rest()
            if self._graph is None and not frame.interlaced_frame:
                yield frame
                continue
            if self._graph is None:
                self._graph, self._shape = _graph(frame), shape
            self._graph.push(frame)
            yield from self._pulled()
        if ends:
            yield from self._rest()

    def _rest(self) -> Iterator[Any]:
        if self._graph is not None:
            self._graph.push(None)
            yield from self._pulled()
            self._graph = None

    def _pulled(self) -> Iterator[Any]:
        from streamcam.system.ffmpeg import av

        while True:
            try:
                yield self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return


def _graph(frame: Any) -> Any:
    from streamcam.system.ffmpeg import av

    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink"))
    graph.configure()
    return graph
