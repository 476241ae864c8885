"""The interfaces of sources, explainers, drawings and sinks: what each of them must have.

A class needs the members that are listed here, and need not inherit anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Protocol, Self, TypeAlias, runtime_checkable

from streamcam.source_state import SourceCounts, SourceState
from streamcam.types import Explained, Explanation, Float32Array, Frame, Header, Named, Targets, UInt8Array, VideoInfo

# From raw explanations to steady heat: gives the same frames with ``Explanation.heat`` set.
Steady: TypeAlias = Callable[[Iterable[Explained]], Iterator[Explained]]


class Closing:
    """Makes a class with a ``close`` method a context manager that closes at its end."""

    def close(self) -> None:
        """Release what is held. A second call does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Source(Protocol):
    """An iterable of frames that is a context manager; the one who opens it closes it."""

    @property
    def info(self) -> VideoInfo:
        """What is known before the first frame."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class FileSource(Source, Protocol):
    """A source that ends, and can tell what it could not read."""

    @property
    def lost(self) -> int:
        """After the last frame: how many frames the file promises that could not be read."""
        ...


class LiveFeed(Source, Protocol):
    """A source that is watched as it happens; where it has no picture, it gives the last one with ``fresh=False``."""

    @property
    def name(self) -> str:
        """What may be shown of where it comes from: no password."""
        ...

    @property
    def state(self) -> SourceState:
        """How it is doing."""
        ...

    @property
    def counts(self) -> SourceCounts:
        """What happened to it so far."""
        ...

    @property
    def now(self) -> float:
        """Seconds since its start, on the clock of ``Frame.time``."""
        ...

    def close(self) -> None:
        """End the iteration, wherever it is, soon."""
        ...


class Writer(Protocol):
    """What takes annotated frames: a sink, or something that only counts them."""

    def write(self, frame: Frame, explanation: Explanation | None) -> None:
        """Take one frame as it is shown, and the raw explanation behind it: None while a live session has none yet."""
        ...


class Sink(Writer, Protocol):
    """Where annotated frames go: a writer that holds something open. The one who opens it closes it."""

    def close(self) -> None:
        """Finish what was written. A second call does nothing."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Drawing(Protocol):
    """What draws an explanation on its picture; ``Overlay`` is one."""

    def draw(self, image: UInt8Array, explanation: Explanation) -> UInt8Array:
        """A new ``(H, W, 3)`` uint8 BGR picture with ``explanation.heat`` on it."""
        ...


class Naming(Protocol):
    """Chooses, frame by frame, the one class that is explained; ``SteadyNaming`` is one."""

    @property
    def targets(self) -> tuple[str | int, ...]:
        """What to explain next, most likely: a frame that is named otherwise is explained once more."""
        ...

    def see(self, probabilities: Float32Array, frame: Frame) -> None:
        """Take the ``(C,)`` probabilities of one more frame, in the order of the source."""
        ...

    def is_decided(self, index: int) -> bool:
        """Whether the oldest frame without a name can have one, now that frames up to this index have come."""
        ...

    def name(self) -> Named:
        """Name the oldest frame that was seen and has no name yet."""
        ...


@runtime_checkable
class Watching(Protocol):
    """An explainer that must see frames which it is not asked about: those before the one that is."""

    def watch(self, frame: Frame) -> None:
        """See a frame of a live source; cheap."""
        ...


class Explainer(Protocol):
    """What turns a frame into an explanation; ``GradCAM`` is one."""

    @property
    def labels(self) -> tuple[str, ...]:
        """One name a class, in the order of the class index."""
        ...

    @property
    def in_flight(self) -> int:
        """How many frames may be begun before the first of them is waited for, 1 or more."""
        ...

    def start(self, frame: Frame, targets: Targets | None = None) -> Callable[[], Explanation]:
        """Begin with a frame.

        Args:
            frame: what to explain.
            targets: the classes to explain; None for the usual ones.

        Returns:
            A function that waits for the explanation and gives it. It must be called once. The explanation has the
            ``index`` and the ``time`` of the frame: by them it is told from those of other frames.
        """
        ...

    def describe(self) -> Header:
        """The settings that a reader of records must know: ``model``, ``layer``, ``method``, …; complete after a frame."""
        ...
