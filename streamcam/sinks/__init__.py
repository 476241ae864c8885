"""Where annotated frames go. Each sink takes ``write(frame, explanation)`` and is a context manager."""

from streamcam.settings import Encoding
from streamcam.sinks.heatmaps import HeatmapSink
from streamcam.sinks.image import ImageSink
from streamcam.sinks.records import RecordSink
from streamcam.sinks.video import VideoSink

__all__ = ["Encoding", "HeatmapSink", "ImageSink", "RecordSink", "VideoSink"]
