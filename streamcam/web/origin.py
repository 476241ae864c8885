"""Chooses what a live page's sessions show: a camera or stream, an exhibit's camera, or the visitors' own cameras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from streamcam.errors import OptionError
from streamcam.protocols import LiveFeed
from streamcam.settings import CaptureSettings, ExhibitSettings
from streamcam.sources.live.address import parse_address
from streamcam.sources.live.exhibit import ExhibitSource
from streamcam.sources.live.hours import parse_hours
from streamcam.sources.live.live import LiveSource


def open_origin(
    given: str | int | Path, capture: CaptureSettings, exhibit: ExhibitSettings
) -> Callable[[], LiveFeed] | None:
    """How the source of each session is opened; None where visitors show their own cameras.

    Args:
        given: a camera's number, a device path, a URL, a file, or ``browser`` for the visitors' cameras.
        capture: how the source is opened.
        exhibit: what is shown while nobody is there, and when it is closed.

    Raises:
        OptionError: these settings do not go together, or one cannot be read.
        SourceError: it can be no source.
    """
    for name, value in (("hours", exhibit.hours), ("attract", exhibit.attract)):
        if value and not exhibit.kiosk:
            raise OptionError(f"{name}: is of an exhibit; add --kiosk")
    hours = parse_hours(exhibit.hours) if exhibit.hours else None
    for clip in exhibit.attract:
        if parse_address(clip).kind != "file":
            raise OptionError(f"attract {clip}: takes video files only")
    if given == "browser":
        if exhibit.kiosk:
            raise OptionError("kiosk: goes with a camera at this machine, not with the visitors' own")
        return None
    settings = replace(capture, loop=True) if exhibit.kiosk else capture

    def open_camera() -> LiveSource:
        return LiveSource(given, settings)

    open_camera().close()  # what can be no source is said before a model is loaded
    if not exhibit.kiosk:
        return open_camera

    def open_exhibit() -> ExhibitSource:
        return ExhibitSource(open_camera, exhibit.attract, attract_after=exhibit.attract_after, hours=hours)

    return open_exhibit
