"""The way of a frame: source, explain, scale, draw, sinks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from streamcam.overlay import Overlay
from streamcam.prefetch import prefetch
from streamcam.steady import Scale
from streamcam.types import Explainer, Explanation, Frame, Sink


def run(
    frames: Iterable[Frame],
    explain: Explainer,
    sinks: Sequence[Sink],
    *,
    overlay: Overlay | None = None,
    every: int = 1,
    progress: Callable[[Frame], object] | None = None,
) -> int:
    """Explain every frame and hand the annotated frame, with its raw explanation, to every sink.

    Reading, explaining with drawing, and writing overlap, each in a thread of its own. No frame is lost and the order
    is kept. An error of any stage is raised here, and no thread outlives this call.

    Args:
        frames: a source, or any iterable of frames.
        explain: a ``GradCAM``.
        sinks: where the frames go. They are not closed here: the one who opens closes.
        overlay: how the heat is drawn; a jet overlay with the classifier's labels if None.
        every: explain each Nth frame only, and carry its map over the frames between.
        progress: called with each frame after it was written.

    Returns:
        The number of frames.
    """
    overlay = overlay or Overlay(explain.labels)
    count = 0
    with closing(prefetch(frames)) as decoded:
        explained = explain.stream(decoded, every=every)
        with closing(prefetch(drawn(explained, overlay))) as annotated:
            for frame, explanation in annotated:
                for sink in sinks:
                    sink.write(frame, explanation)
                count += 1
                if progress:
                    progress(frame)
    return count


def drawn(explained: Iterable[tuple[Frame, Explanation]], overlay: Overlay) -> Iterator[tuple[Frame, Explanation]]:
    """Each frame with its explanation drawn on it, all on one scale over time."""
    scale = Scale()
    for frame, explanation in explained:
        yield replace(frame, image=overlay.draw(frame.image, scale(explanation), explanation)), explanation
