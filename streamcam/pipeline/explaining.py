"""Explain a stream of frames in its order, with several in flight, with any explainer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TypeAlias

from streamcam.choices import Every
from streamcam.errors import OptionError
from streamcam.iteration import End, with_end
from streamcam.protocols import Explainer, Naming
from streamcam.steady.renewal import Renewal
from streamcam.types import Explanation, Frame, Targets

_WAITING = 8  # frames, whose pictures are in memory, behind one that is being explained

# Begins with a frame and the classes to explain: see ``Explainer.start``.
Start: TypeAlias = Callable[[Frame, Targets | None], Callable[[], Explanation]]


def explained(
    frames: Iterable[Frame], explain: Explainer, *, every: Every = 1, naming: Naming | None = None
) -> Iterator[tuple[Frame, Explanation]]:
    """Each frame with its explanation, up to ``explain.in_flight`` of them begun at once.

    An error of ``frames`` is raised after the explanations of the frames before it.

    Args:
        frames: any iterable of frames.
        explain: the explainer.
        every: explain each Nth frame only, or (``auto``) those whose picture has changed, see ``Renewal``; the frames
            between carry the explanation of the one before.
        naming: chooses the class to explain, in place of the explainer's own targets. A frame on which it changes is
            explained once more, so that the result does not depend on how many are in flight.

    Raises:
        OptionError: ``every`` is not positive.
    """
    check_every(every)
    is_due = _chooser(every, named=naming is not None)
    waiting: deque[tuple[Frame, Callable[[], Explanation] | None]] = deque()
    unnamed: deque[tuple[Frame, Explanation | None]] = deque()
    ready: deque[tuple[Frame, Explanation]] = deque()
    carried: Explanation | None = None
    shown: Explanation | None = None
    begun = 0

    def settle() -> None:
        nonlocal begun, carried
        frame, finish = waiting.popleft()
        if finish:
            begun -= 1
            carried = finish()
            if naming:
                naming.see(carried.probabilities, frame)
        unnamed.append((frame, carried if finish else None))

    def show() -> None:
        nonlocal shown
        frame, explanation = unnamed.popleft()
        if explanation is not None:
            shown = _named(explain.start, frame, explanation, naming)
        assert shown is not None
        ready.append((frame, shown))

    def last() -> Explanation:
        while waiting:
            settle()
        assert carried is not None
        return carried

    try:
        for frame in with_end(frames):
            if isinstance(frame, End):
                while waiting:
                    settle()
                while unnamed:
                    show()
                yield from ready
                if frame.error:
                    raise frame.error
                return
            finish = None
            if is_due(frame, last):
                finish = explain.start(frame, naming.targets if naming else None)
                begun += 1
            waiting.append((frame, finish))
            while begun >= explain.in_flight or len(waiting) >= max(_WAITING, explain.in_flight):
                settle()
            while unnamed and (naming is None or unnamed[0][1] is None or naming.is_decided(unnamed[-1][0].index)):
                show()  # none is in the way: one may be explained once more
            while ready:
                yield ready.popleft()
    finally:  # left early: what was begun is waited for
        for _, finish in waiting:
            if finish:
                finish()


def _chooser(every: Every, *, named: bool) -> Callable[[Frame, Callable[[], Explanation]], bool]:
    """What tells of each frame in turn whether to explain it."""
    if every == "auto":
        return partial(Renewal().due, named=named)
    numbers = count()
    return lambda frame, last: next(numbers) % every == 0


def explain_due(explain: Explainer, naming: Naming | None = None) -> Callable[[Frame], Explanation]:
    """What gives one frame after the other its explanation: a new one where the picture has changed, else the last."""
    is_due = _chooser("auto", named=naming is not None)
    last: Explanation | None = None

    def known() -> Explanation:
        assert last is not None
        return last

    def one(frame: Frame) -> Explanation:
        nonlocal last
        if is_due(frame, known):
            last = explain_frame(explain.start, frame, naming)
        return known()

    return one


def explain_frame(start: Start, frame: Frame, naming: Naming | None = None) -> Explanation:
    """Explain one frame: of the explainer's own targets, or of the class that ``naming`` chooses."""
    explanation = start(frame, naming.targets if naming else None)()
    if naming:
        naming.see(explanation.probabilities, frame)
    return _named(start, frame, explanation, naming)


def check_clips(every: Every) -> None:
    """Raise ``OptionError`` where frames are to be left out that a video classifier must see."""
    if every != 1:
        raise OptionError(f"every {every}: a video classifier sees each frame; --clip-hop says how often it is asked")


def check_every(every: Every) -> None:
    """Raise ``OptionError`` unless this can say which frames are explained."""
    if every != "auto" and every < 1:
        raise OptionError(f"every {every}: must be 1 (each frame) or more, or auto")


def _named(start: Start, frame: Frame, explanation: Explanation, naming: Naming | None) -> Explanation:
    """The explanation with the steady probabilities; another one where it is not of the class that is named."""
    if naming is None:
        return explanation
    named = naming.name()
    if explanation.classes[0] != named.index:
        explanation = start(frame, (named.index,))()
    return replace(explanation, probabilities=named.probabilities, scores=named.probabilities[explanation.classes])
