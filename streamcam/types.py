"""The data that passes between the parts: frames, explanations, what is known of a source.

Images are ``(H, W, 3)`` uint8 in BGR order, upright, unless a docstring says otherwise. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

UInt8Array: TypeAlias = npt.NDArray[np.uint8]
Float32Array: TypeAlias = npt.NDArray[np.float32]
Int32Array: TypeAlias = npt.NDArray[np.int32]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
Image: TypeAlias = npt.NDArray[Any]  # as people have one, OpenCV's among them; it must be ``(H, W, 3)`` uint8, BGR

# How sure a model is of a picture, in words.
Verdict: TypeAlias = Literal["sure", "unsure", "no idea"]

# Classes to explain, as people write them: a rank ("top1"), a label, a class index.
Targets: TypeAlias = Sequence[str | int]

# What a reader of records must know to use them, by name, in types that JSON has.
Header: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image: ``(H, W, 3)`` uint8, BGR, upright.
        index: 0, 1, … in the order of the source.
        time: seconds from the start of the source.
        fresh: False for the last picture once more, where a live source has no newer one.
        duration: seconds that it is shown, where the source says so itself; None for until the next one.

    Example: ``Frame(image, index=0, time=0.0)``.
    """

    image: UInt8Array
    index: int
    time: float
    fresh: bool = True
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What is known of a source before its first frame.

    Attributes:
        width: pixels, after the picture was turned upright.
        height: pixels, after the picture was turned upright.
        frame_rate: frames a second, exact (``30000/1001``, never 29).
        frame_count: number of frames, or None where the container does not say.
        duration: seconds, or None where unknown.
        live: True for a camera or a stream, which cannot be read twice.
        time_base: seconds of one tick of the source's clock; frame times are multiples of it.
        audio: the file whose audio belongs to this video, or None.
        colour_tagged: whether the source says which colour matrix it uses.
        pixel_aspect: width of a pixel over its height; not 1 for DVDs and PAL recordings.
        audio_start: where in the audio this video begins, in seconds from the start of its file.
        audio_end: where in the audio it ends; None: at its end.
        tone_mapped: what high dynamic range was brought to a normal one, ``"hlg"`` or ``"pq"``; else empty.
        uneven: whether it is known that frames are shown for unequal times, the last one too.

    Example: ``VideoInfo(640, 360, Fraction(30))``.
    """

    width: int
    height: int
    frame_rate: Fraction
    frame_count: int | None = None
    duration: float | None = None
    live: bool = False
    time_base: Fraction = Fraction(1, 90_000)
    audio: Path | None = None
    colour_tagged: bool = True
    pixel_aspect: Fraction = Fraction(1)
    audio_start: float = 0.0
    audio_end: float | None = None
    tone_mapped: str = ""
    uneven: bool = False

    @property
    def has_audio(self) -> bool:
        """Whether the source has sound."""
        return self.audio is not None


@dataclass(frozen=True, slots=True)
class Region:
    """The part of a frame that the model saw, in pixels: ``x0 <= x < x1``, ``y0 <= y < y1``.

    Example: ``Region(0, 0, 640, 360)``, all of a frame of 640x360.
    """

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """How much of the evidence lies where it ought to.

    Attributes:
        shares: ``K`` shares of the evidence inside the region of interest, 0…1, None where there is no evidence.
        alert: whether too little of the first target's is.
        outlines: of the region in frame pixels, ``(N, 1, 2)`` int32 each.
    """

    shares: tuple[float | None, ...]
    alert: bool
    outlines: tuple[Int32Array, ...]


@dataclass(frozen=True, slots=True)
class Covering:
    """What share of its probability the first target loses when places of the picture are covered, -1…1; averaged over checks.

    Attributes:
        hot: by the hottest tenth of its map.
        cold: by the coldest tenth.
    """

    hot: float
    cold: float

    @property
    def proves(self) -> bool:
        """Whether covering what is hot costs more than covering as much of the rest."""
        return self.hot > max(2 * self.cold, 0.05)


LEAST_EVIDENCE = 1e-7  # less is none, of logits as of probabilities: what is left of it is rounding, in f32
RIVALS_OF = -2  # in ``Explanation.versus``: the most probable other classes


@dataclass(frozen=True, slots=True, eq=False)
class ClipExplanation:
    """What a video classifier said of one clip, and where and when the evidence lies.

    Attributes:
        heatmaps: ``(K, t, h, w)`` float32 >= 0, raw evidence (after ReLU, not normalised), at the layer's resolution in space and
            time.
        classes: ``(K,)`` int32, the class index that each map explains.
        versus: ``(K,)`` int32, see ``Explanation``.
        against: ``(K,)`` bool, see ``Explanation``.
        scores: ``(K,)`` float32 in 0…1, the probability of each of these classes.
        probabilities: ``(C,)`` float32 in 0…1, of every class of the model.
        strength: ``(K,)`` float32 in 0…1, see ``Explanation``.
        certainty: the strength of the most probable class.
        region: the part of the frames that the model saw, and that the maps cover.
        indices: ``(n,)`` int64, of the frames that it looked at.
        times: ``(n,)`` float64, of these frames, in seconds from the start of the source.

    Example: ``ClipGradCAM("motions").explain_clip([image] * 16).shares``.
    """

    heatmaps: Float32Array
    classes: Int32Array
    versus: Int32Array
    against: BoolArray
    scores: Float32Array
    probabilities: Float32Array
    strength: Float32Array
    certainty: float
    region: Region
    indices: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]

    @property
    def steps(self) -> npt.NDArray[np.int64]:
        """``(n,)``: which time step of the maps each frame belongs to, where the network has come down to fewer steps."""
        frames = len(self.times)
        return np.asarray(np.arange(frames) * self.heatmaps.shape[1] // frames, np.int64)

    @property
    def shares(self) -> Float32Array:
        """``(K, n)`` float32: the share of the clip's evidence that each frame has. They add up to 1, or are 0 without any."""
        evidence = self.heatmaps.sum(axis=(2, 3))[:, self.steps]
        return np.asarray(evidence / np.maximum(evidence.sum(axis=1, keepdims=True), LEAST_EVIDENCE), np.float32)

    def maps_at(self, number: int) -> Float32Array:
        """``(K, h, w)``: the evidence of the moment of one of its frames."""
        return self.heatmaps[:, self.steps[number]]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What the model said of one frame, and where the evidence lies.

    Attributes:
        heatmaps: ``(K, h, w)`` float32 >= 0, raw evidence (after ReLU, not normalised), at layer resolution.
        classes: ``(K,)`` int32, the class index that each map explains.
        versus: ``(K,)`` int32, the class that it is compared with, -1 for none, ``RIVALS_OF`` for the most probable others:
            the map shows what speaks for the one rather than for the other.
        against: ``(K,)`` bool, whether the map shows what speaks against the class.
        inside: how much of the evidence lies in the region of interest, or None where there is none.
        heat: ``(K, h, w)`` float32 in 0…1, what is shown of the maps, scaled, and in a video steadied. None of
            what ``start`` gives, until ``run`` has shown it.
        cut: whether another shot begins with this heat. False until ``steadied`` has looked at the pictures.
        scores: ``(K,)`` float32 in 0…1, the probability of each of these classes.
        probabilities: ``(C,)`` float32 in 0…1, of every class of the model.
        strength: ``(K,)`` float32 in 0…1, how much of a confident answer's evidence there is, see ``explainers.strength``;
            None from an explainer that does not measure it.
        certainty: the strength of the most probable class, or None; steady along with the heat once that was made.
        verdict: whether the model is sure, in one of three words. None until ``steadied`` or ``unsteadied`` have said it,
            and where there is no certainty.
        covering: what covering its hottest places costs the first target, where that is checked.
        clip: of a video classifier, what it said of the clip around this moment; the maps are those of the moment, averaged
            over all clips that hold it.
        region: the part of the frame that the model saw, and that the maps cover.
        index: of the frame that was explained; another frame may carry its explanation on.
        time: of the frame that was explained, in seconds from the start of the source.

    Example: ``explain(image).top(3)``.
    """

    heatmaps: Float32Array
    classes: Int32Array
    scores: Float32Array
    probabilities: Float32Array
    region: Region
    index: int = 0
    time: float = 0.0
    versus: Int32Array = field(default_factory=lambda: np.zeros(0, np.int32))
    against: BoolArray = field(default_factory=lambda: np.zeros(0, np.bool_))
    inside: Inside | None = None
    heat: Float32Array | None = None
    cut: bool = False
    strength: Float32Array | None = None
    certainty: float | None = None
    verdict: Verdict | None = None
    covering: Covering | None = None
    clip: ClipExplanation | None = None

    def __post_init__(self) -> None:
        if len(self.versus) != len(self.classes):
            object.__setattr__(self, "versus", np.full(len(self.classes), -1, np.int32))
        if len(self.against) != len(self.classes):
            object.__setattr__(self, "against", np.zeros(len(self.classes), np.bool_))

    def __repr__(self) -> str:
        asked = ", ".join(
            f"{index}: {score:.3f}" for index, score in zip(self.classes.tolist(), self.scores.tolist(), strict=True)
        )
        height, width = self.heatmaps.shape[1:]
        r = self.region
        heat = "" if self.heat is None else ", with heat"
        return (
            f"Explanation(frame {self.index}, classes {{{asked}}} of {len(self.probabilities)}, "
            f"maps {height}x{width} over x {r.x0}…{r.x1} y {r.y0}…{r.y1}{heat})"
        )

    def only(self, k: int) -> Explanation:
        """The explanation of one of its targets."""
        one = slice(k, k + 1)
        return replace(
            self,
            heatmaps=self.heatmaps[one],
            classes=self.classes[one],
            scores=self.scores[one],
            versus=self.versus[one],
            against=self.against[one],
            inside=self.inside and replace(self.inside, shares=self.inside.shares[one]),
            heat=None if self.heat is None else self.heat[one],
            strength=None if self.strength is None else self.strength[one],
        )

    def top(self, k: int) -> list[tuple[int, float]]:
        """The ``k`` most probable classes as ``(class index, probability)``, best first; ties by class index."""
        order = np.argsort(-self.probabilities, kind="stable")[:k]
        return [(int(index), float(self.probabilities[index])) for index in order]


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """What is named of a frame.

    Attributes:
        index: the class.
        probabilities: ``(C,)`` float32 in 0…1, as they are shown: steady over a moment.
    """

    index: int
    probabilities: Float32Array


# A frame on its way, with the explanation that belongs to it: None while a live session has none yet.
Explained: TypeAlias = tuple[Frame, Explanation | None]
