"""``ClipGradCAM``: clips of frames in, evidence in space and time out.

Each frame is cut once, and where the network looks at each frame by itself first, that is computed once for it; the clips
that hold it share it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from streamcam.choices import Method
from streamcam.errors import OptionError
from streamcam.explainers.explanation import explanation_of
from streamcam.explainers.geometry import View
from streamcam.explainers.gradcam import GradCAM
from streamcam.explainers.targets import ranks_of, resolve_targets
from streamcam.images import image_from
from streamcam.models.classifier import Classifier
from streamcam.pipeline.sampling import sampling_of
from streamcam.types import ClipExplanation, Explanation, Float32Array, Frame, Header, Image, Targets, UInt8Array

if TYPE_CHECKING:
    import keras

    from streamcam.backends.engine import Engine


class Seen:
    """A frame as a video classifier looks at it.

    Attributes:
        picture: ``(height, width, 3)`` uint8 BGR, as the model takes it.
        view: where it lies in the frame.
        index: of the frame.
        time: of the frame, in seconds.
    """

    __slots__ = ("_kept", "index", "picture", "time", "view")

    def __init__(self, picture: UInt8Array, view: View, index: int, time: float) -> None:
        self.picture, self.view, self.index, self.time = picture, view, index, time
        self._kept: tuple[Any, Float32Array] | None = None

    def at(self, view: View) -> Seen:
        """The same frame at the size of another view of the same region."""
        if view == self.view:
            return self
        picture = cv2.resize(self.picture, (view.width, view.height), interpolation=cv2.INTER_AREA)
        return Seen(np.asarray(picture, np.uint8), view, self.index, self.time)

    def as_input(self, engine: Engine) -> UInt8Array | Float32Array:
        """What an engine takes of it; computed once."""
        if engine.encode is None:
            return self.picture
        if self._kept is None or self._kept[0] is not engine:
            self._kept = engine, engine.encode(self.picture[np.newaxis])
        return self._kept[1]


class ClipGradCAM(GradCAM):
    """Explains clips with a video classifier: see ``GradCAM``, whose arguments it takes.

    Args:
        classifier: one that looks at clips.
        clip_stride: look at each Nth frame; None for each, or for what the model was trained on.
        clip_fps: look at so many frames a second instead.
        clip_hop: samples between the beginnings of two clips.
        options: as for ``GradCAM``.

    Attributes:
        sampling: how a stream becomes clips.

    Raises:
        OptionError: a setting is outside its range, or is not for video classifiers.

    Example::

        explain = streamcam.ClipGradCAM("motions", clip_hop=4)
        with streamcam.VideoSource("in.mp4") as source, streamcam.VideoSink("out.mp4", source.info) as sink:
            streamcam.run(source, explain, [sink])
    """

    for_clips = True

    def __init__(
        self,
        classifier: Classifier | keras.Model | str | Path,
        *,
        clip_stride: int | None = None,
        clip_fps: float | None = None,
        clip_hop: int = 1,
        **options: Any,
    ) -> None:
        if options.get("check"):
            raise OptionError(
                "check: what covering costs is measured of single pictures; evaluate measures it of clips"
            )
        super().__init__(classifier, **options)
        self._options |= {"clip_stride": clip_stride, "clip_fps": clip_fps, "clip_hop": clip_hop}
        usual = self.classifier.clip.fps if self.classifier.clip else None
        self.sampling = sampling_of(self.classifier.frames, usual, clip_stride, clip_fps, clip_hop)

    def describe(self, method: Method | None = None) -> Header:
        """See ``GradCAM``; with the frames of a clip, which of them are looked at, and the hop."""
        how = self.sampling
        taken = {"clip_stride": how.stride} if how.fps is None else {"clip_fps": how.fps}
        return super().describe(method) | {"clip_frames": how.frames, **taken, "clip_hop": how.hop}

    def see(self, frame: Frame) -> Seen:
        """A frame as the model takes it. Cheap: what is computed of it is computed when a clip of it is explained."""
        view = self._view(frame.image.shape[:2])
        picture = view.cut(frame.image)
        # Not a view of the whole frame, which would be kept as long as this is.
        return Seen(picture if picture.base is None else picture.copy(), view, frame.index, frame.time)

    def start(
        self, frame: Frame | Image, targets: Targets | str | int | None = None, method: Method | None = None
    ) -> Callable[[], Explanation]:
        """Of no use here: one frame is no clip. Raises ``OptionError``."""
        raise OptionError(f"{self.classifier.name}: looks at clips; explain_clip takes one, run a stream of frames")

    def start_clip(
        self, clip: Sequence[Seen], targets: Targets | str | int | None = None, method: Method | None = None
    ) -> Callable[[], ClipExplanation]:
        """Begin with a clip; the function that is returned waits for what is said of it.

        Args:
            clip: as many frames as the model takes, of one size, the oldest first.
            targets: classes to explain instead of the usual ones.
            method: a formula instead of the usual one.
        """
        wanted = self._targets if targets is None else resolve_targets(targets, self.labels)
        view, region = clip[-1].view, clip[-1].view.region
        if len(clip) != self.sampling.frames or any(seen.view.region != region for seen in clip):
            raise OptionError(f"a clip is {self.sampling.frames} pictures of one size, not {len(clip)}")
        if self.fit == "crop":
            engine = self._engine(view, len(wanted), method, ranks_of(wanted))
        else:  # where the model turns out to take no such shape, all of the frame is squeezed into its own
            view, engine = self._prepare((region.y1, region.x1), len(wanted), method, ranks_of(wanted))
        clip = [seen.at(view) for seen in clip]
        reference, used = self._reference(view, engine, len(wanted), method), method or self.method
        given: Any = np.stack([seen.as_input(engine) for seen in clip])
        answer = engine.start(given, wanted)
        indices, times = np.array([seen.index for seen in clip]), np.array([seen.time for seen in clip])

        def finish() -> ClipExplanation:
            found = explanation_of(answer(), wanted, view, reference, used, wider=self._wider(view, engine))
            assert found.strength is not None
            assert found.certainty is not None
            return ClipExplanation(
                found.heatmaps, found.classes, found.versus, found.against, found.scores, found.probabilities,
                found.strength, found.certainty, found.region, indices, times,
            )  # fmt: skip

        return finish

    def explain_clip(
        self, frames: Sequence[Frame | Image] | Image, targets: Targets | str | int | None = None
    ) -> ClipExplanation:
        """Explain one clip, and wait for it.

        Args:
            frames: as many as the model takes, each a ``Frame`` or ``(H, W, 3)`` uint8 BGR; a ``(T, H, W, 3)`` array does.
            targets: classes to explain instead of the usual ones.

        Raises:
            OptionError: it is not as many, or not of one size.
        TargetError, LayerError, ModelError: the model has no such class or layer, or cannot be explained.
        """
        given = [x if isinstance(x, Frame) else Frame(image_from(x), at, float(at)) for at, x in enumerate(frames)]
        return self.start_clip([self.see(frame) for frame in given], targets)()
