"""Explain a stream of frames in its order, with several in flight, with any explainer."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from streamcam.errors import OptionError
from streamcam.iteration import End, with_end
from streamcam.protocols import Explainer, Naming
from streamcam.types import Explanation, Frame, Targets

# Begins with a frame and the classes to explain: see ``Explainer.start``.
Start: TypeAlias = Callable[[Frame, Targets | None], Callable[[], Explanation]]


def explained(
    frames: Iterable[Frame], explain: Explainer, *, every: int = 1, naming: Naming | None = None
) -> Iterator[tuple[Frame, Explanation]]:
    """Each frame with its explanation, up to ``explain.in_flight`` of them begun at once.

    An error of ``frames`` is raised after the explanations of the frames before it.

    Args:
        frames: any iterable of frames.
        explain: the explainer.
        every: explain each Nth frame only; the frames between carry the explanation of the one before.
        naming: chooses the class to explain, in place of the explainer's own targets. A frame on which it changes is
            explained once more, so that the result does not depend on how many are in flight.

    Raises:
        OptionError: ``every`` is not positive.
    """
    check_every(every)
    waiting: deque[tuple[Frame, Callable[[], Explanation] | None]] = deque()
    carried: Explanation | None = None

    def oldest() -> tuple[Frame, Explanation]:
        nonlocal carried
        frame, finish = waiting.popleft()
        if finish:
            carried = _of_named_class(explain.start, frame, finish(), naming)
        assert carried is not None
        return frame, carried

    try:
        for number, frame in enumerate(with_end(frames)):
            if isinstance(frame, End):
                while waiting:
                    yield oldest()
                if frame.error:
                    raise frame.error
                return
            targets = naming.targets if naming else None
            waiting.append((frame, None if number % every else explain.start(frame, targets)))
            if len(waiting) >= explain.in_flight * every:
                yield oldest()
    finally:  # left early: what was begun is waited for
        for _, finish in waiting:
            if finish:
                finish()


def explain_frame(start: Start, frame: Frame, naming: Naming | None = None) -> Explanation:
    """Explain one frame: of the explainer's own targets, or of the class that ``naming`` chooses."""
    explanation = start(frame, naming.targets if naming else None)()
    return _of_named_class(start, frame, explanation, naming)


def check_every(every: int) -> None:
    """Raise ``OptionError`` unless each Nth frame can be explained for this N."""
    if every < 1:
        raise OptionError(f"every {every}: must be 1 (each frame) or more")


def _of_named_class(start: Start, frame: Frame, explanation: Explanation, naming: Naming | None) -> Explanation:
    """The explanation, or another one where it is not of the class that is named now."""
    if naming is None:
        return explanation
    naming.update(explanation.probabilities)
    return explanation if explanation.classes[0] == naming.held else start(frame, naming.targets)()
