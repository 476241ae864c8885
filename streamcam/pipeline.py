"""The way of a frame: source, explain, scale, draw, sinks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from streamcam.overlay import Overlay
from streamcam.steady import Scale
from streamcam.types import Explainer, Frame, Sink


def run(
    frames: Iterable[Frame],
    explain: Explainer,
    sinks: Sequence[Sink],
    *,
    overlay: Overlay | None = None,
    progress: Callable[[Frame], object] | None = None,
) -> int:
    """Explain every frame and hand the annotated frame, with its raw explanation, to every sink.

    Args:
        frames: a source, or any iterable of frames.
        explain: a ``GradCAM``.
        sinks: where the frames go. They are not closed here: the one who opens closes.
        overlay: how the heat is drawn; a jet overlay with the classifier's labels if None.
        progress: called with each frame after it was written.

    Returns:
        The number of frames.
    """
    overlay = overlay or Overlay(explain.labels)
    scale = Scale()
    count = 0
    for frame in frames:
        explanation = explain(frame)
        picture = overlay.draw(frame.image, scale(explanation), explanation)
        annotated = replace(frame, image=picture)
        for sink in sinks:
            sink.write(annotated, explanation)
        count += 1
        if progress:
            progress(frame)
    return count
