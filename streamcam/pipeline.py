"""The way of a frame: source, explain, scale, draw, sinks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TypeAlias, TypeVar

from streamcam.newest import follow
from streamcam.overlay import Overlay
from streamcam.prefetch import prefetch
from streamcam.steady import Scale
from streamcam.types import Drawing, Explainer, Explanation, Frame, Writer

E = TypeVar("E", Explanation, Explanation | None)
Explained: TypeAlias = Generator[tuple[Frame, Explanation | None], None, None]
Policy: TypeAlias = Callable[[Iterable[Frame], Explainer, Drawing, int], Explained]


def lossless(frames: Iterable[Frame], explain: Explainer, overlay: Drawing, every: int) -> Explained:
    """Every frame, in order, each with its own explanation. Reading, explaining with drawing, and the rest overlap."""
    with closing(prefetch(frames)) as decoded:
        explained = explain.stream(decoded, every=every)
        with closing(prefetch(drawn(explained, overlay))) as annotated:
            yield from annotated


def newest_frame(frames: Iterable[Frame], explain: Explainer, overlay: Drawing, every: int) -> Explained:
    """The newest frame, at once, with the newest explanation there is. Nothing waits for the model.

    Frames are dropped where those who use them are slow; the explainer takes as many as it can, whatever ``every`` says.
    """
    with closing(follow(frames, explain)) as explained:
        yield from drawn(explained, overlay)


def run(
    frames: Iterable[Frame],
    explain: Explainer,
    sinks: Sequence[Writer],
    *,
    overlay: Drawing | None = None,
    policy: Policy = lossless,
    every: int = 1,
    progress: Callable[[Frame], object] | None = None,
) -> int:
    """Explain frames and hand each annotated frame, with its raw explanation, to every sink.

    An error of any stage is raised here, and no thread outlives this call.

    Args:
        frames: a source, or any iterable of frames.
        explain: a ``GradCAM``.
        sinks: where the frames go. They are not closed here: the one who opens closes.
        overlay: how the heat is drawn; a jet overlay with the classifier's labels if None.
        policy: ``lossless`` for files, ``newest_frame`` for what is live.
        every: explain each Nth frame only, and carry its map over the frames between.
        progress: called with each frame after it was written.

    Returns:
        The number of frames.
    """
    overlay = overlay or Overlay(explain.labels)
    count = 0
    with closing(policy(frames, explain, overlay, every)) as annotated:
        for frame, explanation in annotated:
            for sink in sinks:
                sink.write(frame, explanation)
            count += 1
            if progress:
                progress(frame)
    return count


def drawn(explained: Iterable[tuple[Frame, E]], overlay: Drawing) -> Iterator[tuple[Frame, E]]:
    """Each frame with its explanation drawn on it, all on one scale over time; a frame without one as it is."""
    scale = Scale()
    for frame, explanation in explained:
        if explanation is not None:
            image = overlay.draw(frame.image, scale(explanation), explanation)
            yield replace(frame, image=image), explanation
        else:
            yield frame, explanation
