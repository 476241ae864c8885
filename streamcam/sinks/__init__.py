"""Where annotated frames go. Each sink takes ``write(frame, explanation)`` and is a context manager."""

from streamcam.settings import Encoding
from streamcam.sinks.animation import AnimationSink
from streamcam.sinks.heatmaps import HeatmapSink
from streamcam.sinks.image import ImageSink
from streamcam.sinks.opening import open_video
from streamcam.sinks.pipe import PipeSink
from streamcam.sinks.records import RecordSink
from streamcam.sinks.stream import StreamSink
from streamcam.sinks.video import VideoSink

__all__ = [
    "AnimationSink",
    "Encoding",
    "HeatmapSink",
    "ImageSink",
    "PipeSink",
    "RecordSink",
    "StreamSink",
    "VideoSink",
    "open_video",
]
