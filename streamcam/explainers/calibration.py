"""Pictures of one's own to quantise on, from a file or a folder."""

from __future__ import annotations

from pathlib import Path

from streamcam.explainers.geometry import view_of
from streamcam.sources import open_source
from streamcam.sources.inputs import files_of
from streamcam.types import UInt8Array

MOST = 60  # pictures; more change little and take longer
_SECONDS = 60.0  # of a video


def pictures_of(path: str | Path, size: tuple[int, int]) -> list[UInt8Array]:
    """At most 60 pictures, evenly from the files and, for a single video, from its first minute.

    Args:
        path: a picture, a video, a folder or a glob of them.
        size: ``(height, width)`` that the centre of each is brought to, in pixels.

    Raises:
        SourceError: there are none, or one cannot be read.
    """
    files = files_of(path)
    chosen = files[:: -(-len(files) // MOST)]
    each = MOST // len(chosen)
    pictures: list[UInt8Array] = []
    for file in chosen:
        with open_source(file, end=None if each == 1 else _SECONDS) as source:
            every = max(1, (source.info.frame_count or 1) // each)
            for number, frame in enumerate(source):
                if number % every == 0:
                    pictures.append(view_of(frame.image.shape[:2], "crop", size, 1).cut(frame.image).copy())
                if number // every + 1 >= each:
                    break
    return pictures
