"""``run``, the frame loop: each frame goes from its source through explain, steady and draw to the sinks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from streamcam.choices import Every
from streamcam.drawing.overlay import Overlay, SteadyDrawing
from streamcam.errors import OptionError
from streamcam.images import check_images, framed
from streamcam.pipeline.clips import ClipExplainer, explained_clips
from streamcam.pipeline.explaining import check_clips, check_every, explain_due, explain_frame, explained
from streamcam.pipeline.following import ClipFollower
from streamcam.pipeline.newest import follow
from streamcam.pipeline.prefetch import prefetch
from streamcam.protocols import Drawing, Explainer, Naming, Steady, Watching, Writer
from streamcam.steady.heat import AHEAD, steadied
from streamcam.types import Explained, Explanation, Frame, Image

# A sink that is a function.
Write: TypeAlias = Callable[[Frame, Explanation | None], object]
# What happens to explained frames on their way to the sinks: steady heat, drawn.
Finish: TypeAlias = Callable[[Iterable[Explained]], Iterator[Explained]]
Policy: TypeAlias = Callable[
    [Iterable[Frame], Explainer, Every, Naming | None, Finish], Generator[Explained, None, None]
]


def lossless(
    frames: Iterable[Frame], explain: Explainer, every: Every, naming: Naming | None, finish: Finish
) -> Generator[Explained, None, None]:
    """Every frame, in order, each with its own explanation. Reading, explaining with drawing, and the rest overlap."""
    with closing(prefetch(frames)) as decoded:
        stream: Iterator[Explained]
        if isinstance(explain, ClipExplainer):
            check_clips(every)
            stream = explained_clips(decoded, explain, names_one=naming is not None)
        else:
            stream = explained(decoded, explain, every=every, naming=naming)
        with closing(prefetch(finish(stream))) as finished:
            yield from finished


def newest_frame(
    frames: Iterable[Frame], explain: Explainer, every: Every, naming: Naming | None, finish: Finish
) -> Generator[Explained, None, None]:
    """The newest frame, at once, with the newest explanation there is. Nothing waits for the model.

    Frames are dropped where those who use them are slow, and the explainer takes as many as it can.
    """
    if isinstance(explain, ClipExplainer):
        explain = ClipFollower(explain)
    if isinstance(explain, Watching):
        frames = watched(frames, explain)
    if every == "auto":
        one, every = explain_due(explain, naming), 1
    else:
        one = partial(explain_frame, explain.start, naming=naming)
    with closing(follow(frames, one, every=every)) as stream:
        yield from finish(stream)


def run(
    frames: Iterable[Frame | Image],
    explain: Explainer,
    sinks: Sequence[Writer | Write] | Writer | Write,
    *,
    overlay: Drawing | None = None,
    policy: Policy = lossless,
    steady: Steady | None = None,
    naming: Naming | None = None,
    every: Every = 1,
    progress: Callable[[Frame], object] | None = None,
) -> int:
    """Explain frames and give each annotated frame, with its raw explanation, to every sink.

    An error of any stage is raised here, and no thread outlives this call.

    Args:
        frames: a source, or any iterable of frames, or of images ``(H, W, 3)`` uint8 BGR, which count as 30 a second
            (``streamcam.frames`` takes another rate, and RGB).
        explain: a ``GradCAM``, or any other explainer.
        sinks: where the frames go, one or several: sinks, or functions that take a frame and its explanation. They are not
            closed here: the one who opens closes. Their errors are raised as they are.
        overlay: how the heat is drawn; a jet overlay with the explainer's labels if None. What an ``Overlay`` writes keeps
            its corner for as long as that covers little heat.
        policy: ``lossless`` for files, ``newest_frame`` for what is live.
        steady: from raw explanations to shown heat: ``steadied``, which is used if None (reading ahead unless the policy
            is ``newest_frame``), or ``unsteadied``.
        naming: chooses one class to name and explain, in place of the explainer's targets.
        every: explain each Nth frame only, or (``auto``) those whose picture has changed by more than motion; the map
            moves along with the picture in the frames between, if ``steady`` moves it.
        progress: called with each frame after it was written.

    Returns:
        The number of frames.

    Raises:
        OptionError: ``every`` is not positive, or is given for a video classifier, which has a hop.
        SourceError: a video is too short for a video classifier.

    Example::

        streamcam.run(my_camera(), streamcam.GradCAM("efficientnet-lite0"), lambda frame, said: print(said))
    """
    check_every(every)
    check_images(frames)
    if not hasattr(explain, "start"):
        raise OptionError(f"{type(explain).__name__}: is no explainer; GradCAM({explain!r:.40}) may make one")
    writes = writes_of(sinks)
    overlay = overlay or Overlay(explain.labels)
    drawing = SteadyDrawing(overlay) if isinstance(overlay, Overlay) else overlay
    steady = steady or partial(steadied, ahead=AHEAD if policy is lossless else 0)
    count = 0
    with closing(
        policy(framed(frames), explain, every, naming, lambda stream: drawn(steady(stream), drawing))
    ) as annotated:
        for frame, explanation in annotated:
            for write in writes:
                write(frame, explanation)
            count += 1
            if progress:
                progress(frame)
    return count


def writes_of(sinks: Sequence[Writer | Write] | Writer | Write) -> list[Write]:
    """What takes a frame and its explanation, of each sink.

    Raises:
        OptionError: something is no sink.
    """
    given = list(sinks) if isinstance(sinks, Iterable) and not hasattr(sinks, "write") else [sinks]
    writes: list[Write] = []
    for sink in given:
        write = getattr(sink, "write", sink)
        if not callable(write):
            raise OptionError(
                f"{type(sink).__name__}: is no sink, which has write(frame, explanation), or is a function of the two"
            )
        writes.append(write)
    return writes


def watched(frames: Iterable[Frame], explain: Watching) -> Iterator[Frame]:
    """The frames, each of which the explainer sees."""
    try:
        for frame in frames:
            explain.watch(frame)
            yield frame
    finally:
        if isinstance(frames, Generator):
            frames.close()


def drawn(stream: Iterable[Explained], overlay: Drawing) -> Iterator[Explained]:
    """Each frame with its heat drawn on it; a frame without heat as it is."""
    for frame, explanation in stream:
        if explanation is not None and explanation.heat is not None:
            yield replace(frame, image=overlay.draw(frame.image, explanation)), explanation
        else:
            yield frame, explanation
