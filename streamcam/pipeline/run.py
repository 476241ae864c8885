"""The way of a frame: source, explain, steady, draw, sinks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from streamcam.drawing.overlay import Overlay
from streamcam.pipeline.newest import follow
from streamcam.pipeline.prefetch import prefetch
from streamcam.steady.heat import AHEAD, Steadied, steadied
from streamcam.steady.naming import Naming
from streamcam.types import Drawing, Explainer, Explanation, Frame, Writer

Annotated: TypeAlias = Iterator[tuple[Frame, Explanation | None]]
Steady: TypeAlias = Callable[[Iterable[tuple[Frame, Explanation | None]]], Iterator[Steadied]]
Policy: TypeAlias = Callable[
    [Iterable[Frame], Explainer, int, Naming | None, Callable[[Iterable[tuple[Frame, Explanation | None]]], Annotated]],
    Generator[tuple[Frame, Explanation | None], None, None],
]


def lossless(
    frames: Iterable[Frame],
    explain: Explainer,
    every: int,
    naming: Naming | None,
    draw: Callable[[Iterable[tuple[Frame, Explanation | None]]], Annotated],
) -> Generator[tuple[Frame, Explanation | None], None, None]:
    """Every frame, in order, each with its own explanation. Reading, explaining with drawing, and the rest overlap."""
    with closing(prefetch(frames)) as decoded:
        explained = explain.stream(decoded, every=every, naming=naming)
        with closing(prefetch(draw(explained))) as annotated:
            yield from annotated


def newest_frame(
    frames: Iterable[Frame],
    explain: Explainer,
    every: int,
    naming: Naming | None,
    draw: Callable[[Iterable[tuple[Frame, Explanation | None]]], Annotated],
) -> Generator[tuple[Frame, Explanation | None], None, None]:
    """The newest frame, at once, with the newest explanation there is. Nothing waits for the model.

    Frames are dropped where those who use them are slow. The explainer takes as many as it can, and names what it likes:
    ``every`` and ``naming`` are of no use here.
    """
    with closing(follow(frames, explain)) as explained:
        yield from draw(explained)


def run(
    frames: Iterable[Frame],
    explain: Explainer,
    sinks: Sequence[Writer],
    *,
    overlay: Drawing | None = None,
    policy: Policy = lossless,
    steady: Steady | None = None,
    naming: Naming | None = None,
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
        steady: from raw explanations to shown heat: ``steadied``, which is used if None (reading ahead unless the policy
            is ``newest_frame``), or ``unsteadied``.
        naming: names and explains one class steadily, in place of the explainer's targets.
        every: explain each Nth frame only; the map moves along with the picture in the frames between.
        progress: called with each frame after it was written.

    Returns:
        The number of frames.
    """
    overlay = overlay or Overlay(explain.labels)
    steady = steady or partial(steadied, ahead=AHEAD if policy is lossless else 0)
    count = 0
    with closing(
        policy(frames, explain, every, naming, lambda explained: drawn(steady(explained), overlay))
    ) as annotated:
        for frame, explanation in annotated:
            for sink in sinks:
                sink.write(frame, explanation)
            count += 1
            if progress:
                progress(frame)
    return count


def drawn(steadied: Iterable[Steadied], overlay: Drawing) -> Annotated:
    """Each frame with its heat drawn on it, and its explanation with that heat; a frame without heat as it is."""
    for frame, explanation, heat in steadied:
        if explanation is not None and heat is not None:
            shown = replace(explanation, heat=heat)
            yield replace(frame, image=overlay.draw(frame.image, heat, shown)), shown
        else:
            yield frame, explanation
