"""Which frames of a source a video classifier looks at, and where its clips begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streamcam.errors import OptionError
from streamcam.types import Frame

_ROUNDING = 1e-6  # of a tick


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a stream becomes clips.

    A frame that is looked at is a *sample*. Samples are numbered on the source's own count or clock, so that it does not matter
    where in a video reading begins.

    Attributes:
        frames: samples of a clip.
        stride: each so manyth frame is a sample; of no use with ``fps``.
        fps: samples a second; a frame that is shown for longer is one several times.
        hop: samples between the beginnings of two clips.
    """

    frames: int
    stride: int = 1
    fps: float | None = None
    hop: int = 1

    def sampler(self, *, counts: bool = False) -> Callable[[Frame], range]:
        """What gives the numbers of the samples that each frame of a stream is, in turn; none for one that is left out.

        Args:
            counts: whether frames are counted as they come, rather than by their index: where the same one may come twice.
        """
        last: int | None = None
        count = -1

        def samples(frame: Frame) -> range:
            nonlocal last, count
            count += 1
            if self.fps is not None:
                newest = int(frame.time * self.fps + _ROUNDING)
                first = newest if last is None else max(last + 1, newest - self.frames + 1)
                last = newest
                return range(first, newest + 1)
            index = count if counts else frame.index
            return range(index // self.stride, index // self.stride + 1) if index % self.stride == 0 else range(0)

        return samples

    def ends_clip(self, number: int) -> bool:
        """Whether a clip ends with the sample of this number, if all samples of it are there."""
        return (number - self.frames + 1) % self.hop == 0

    def span(self, fps: float) -> int:
        """How many frames of a source of so many a second a clip reaches over, at most."""
        return self.frames * self.stride if self.fps is None else int(self.frames * fps / self.fps) + 2


def sampling_of(frames: int, usual_fps: float | None, stride: int | None, fps: float | None, hop: int) -> Sampling:
    """What was asked for, or what a model was trained on.

    Args:
        frames: of a clip.
        usual_fps: samples a second that the model was trained on, where that is known.
        stride: look at each so manyth frame, or None.
        fps: look at so many frames a second, or None.
        hop: samples between the beginnings of two clips.

    Raises:
        OptionError: a number is outside its range, or two contradict each other.
    """
    if stride is not None and fps is not None:
        raise OptionError("clip-stride and clip-fps say the same in two ways; give one of them")
    if stride is not None and stride < 1:
        raise OptionError(f"clip-stride {stride}: must be 1 (each frame) or more")
    if fps is not None and not 0 < fps <= 1000:
        raise OptionError(f"clip-fps {fps:g}: must be more than 0, and at most 1000")
    if not 1 <= hop <= frames:
        raise OptionError(f"clip-hop {hop}: must be 1 to {frames}, the frames of a clip")
    return Sampling(frames, stride or 1, usual_fps if stride is None and fps is None else fps, hop)
