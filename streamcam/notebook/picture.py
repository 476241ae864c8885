"""``ExplainedPicture``: what a model said of one picture, and why, as something that shows itself and can be asked on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from streamcam.choices import BlendMode, Layout, Scale
from streamcam.drawing.overlay import make_overlay
from streamcam.drawing.panel import question
from streamcam.errors import MissingLibraryError
from streamcam.explainers.covering import CoverMeter, covered, ends_of
from streamcam.explainers.gradcam import GradCAM
from streamcam.notebook.html import picture_html, png_of
from streamcam.settings import HeatSettings, PictureSettings
from streamcam.sinks.image import ImageSink
from streamcam.steady.heat import by_itself
from streamcam.types import Covering, Explanation, Float32Array, Frame, Targets, UInt8Array, Verdict

if TYPE_CHECKING:
    from PIL.Image import Image

_WIDEST = 640  # pixels, of what a cell shows


@dataclass(frozen=True, eq=False, repr=False)
class ExplainedPicture:
    """A picture, what a model said of it, and where the evidence lies. A notebook's cell shows it.

    Attributes:
        image: ``(H, W, 3)`` uint8, BGR.
        explanation: the probabilities and the raw maps, see ``Explanation``.
        explainer: what explained it, and answers what else is asked.
        name: of the picture's file, where it has one.

    Example::

        result = streamcam.explain("zoo.jpg")
        result.top(3)                          # [("zebra", 0.57), ("tiger", 0.22), …]
        result.ask("tiger")                    # the same picture: what speaks for the tiger?
        result.compare("tiger", "zebra")       # and what for the one rather than for the other?
    """

    image: UInt8Array
    explanation: Explanation
    explainer: GradCAM
    name: str = ""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the model's classes, in class order."""
        return self.explainer.labels

    @property
    def heatmap(self) -> Float32Array:
        """``(h, w)`` float32 >= 0: the raw evidence for the first class that was asked about, at the layer's resolution.

        This is what a notebook's ``plt.matshow`` shows; nothing was normalised.
        """
        return np.asarray(self.explanation.heatmaps[0], np.float32)

    @property
    def verdict(self) -> Verdict | None:
        """Whether the model knows what it sees: ``sure``, ``unsure`` or ``no idea``."""
        return self.explanation.verdict

    @property
    def question(self) -> str:
        """What the heat answers, for example ``why tiger?``."""
        return question(self.explanation, self.labels)

    @property
    def score(self) -> float:
        """0…1, the probability of the first class that was asked about."""
        return float(self.explanation.scores[0])

    @property
    def strength(self) -> float:
        """0…1, how strong the evidence is beside that of a confident answer; see ``Explanation``."""
        return 1.0 if self.explanation.strength is None else float(self.explanation.strength[0])

    def top(self, k: int = 5) -> list[tuple[str, float]]:
        """The ``k`` most probable classes, each with its probability 0…1, best first."""
        return [(self.labels[index], probability) for index, probability in self.explanation.top(k)]

    def ask(self, *targets: str | int) -> ExplainedPicture:
        """The same picture, explained for other classes: ``ask("zebra")``, ``ask("tiger", "zebra")``, ``ask("not tiger")``.

        Raises:
            TargetError: the model has no such class.
        """
        return self._explained(self.image, targets)

    def compare(self, one: str | int, other: str | int) -> ExplainedPicture:
        """What speaks for the one class rather than the other, and for the other rather than the one: two maps."""
        return self.ask(f"{one} vs {other}", f"{other} vs {one}")

    def cover(self) -> ExplainedPicture:
        """The picture with the hottest tenth of the heat blurred away: what does the model say of that class now?"""
        region = self.explanation.region
        part = self.image[region.y0 : region.y1, region.x0 : region.x1]
        image = self.image.copy()
        image[region.y0 : region.y1, region.x0 : region.x1] = covered(part, ends_of(self.heatmap)[0])
        return self._explained(image, [int(self.explanation.classes[0])])

    def check(self) -> Covering | None:
        """What share of its probability the class loses when the hottest tenth is covered, and when the coldest is.

        Heat is believed where the first costs much and the second little. None where there is no evidence to cover, or where
        the map shows what speaks against the class.
        """
        region = self.explanation.region
        part = self.image[region.y0 : region.y1, region.x0 : region.x1]

        def ask(picture: UInt8Array) -> Float32Array:
            image = self.image.copy()
            image[region.y0 : region.y1, region.x0 : region.x1] = picture
            return self.explainer(image, [int(self.explanation.classes[0])]).probabilities

        return CoverMeter().read(self.explanation, part, ask)

    def overlay(
        self,
        *,
        alpha: float = 0.5,
        colormap: str = "jet",
        mode: BlendMode = "uniform",
        layout: Layout = "overlay",
        scale: Scale = "absolute",
        hud: bool = False,
        top_k: int = 3,
    ) -> Image:
        """The picture with the heat on it, as a PIL image (RGB).

        Args:
            alpha: the heatmap's opacity, 0…1.
            colormap: one of OpenCV's colour maps.
            mode: how heat and picture are blended: ``uniform``, ``heat`` or ``add``.
            layout: ``overlay``, ``heatmap``, ``side by side``, ``panels`` or ``original``; see ``PictureSettings``.
            scale: what full heat is: ``absolute``, the evidence of a confident answer; ``frame``, the largest that there is,
                as notebooks have it, which shows weak evidence like strong.
            hud: whether it is written on the picture what the model said.
            top_k: how many classes are listed then.

        Raises:
            OptionError: one is outside its range.
        """
        from PIL import Image

        settings = PictureSettings(alpha=alpha, colormap=colormap, mode=mode, layout=layout, hud=hud, top_k=top_k)
        return Image.fromarray(self._drawn(settings, HeatSettings(scale=scale))[..., ::-1])

    def save(self, path: str | Path, *, overwrite: bool = False, **options: Any) -> Path:
        """Write the overlay as an image, with what the model said on it; ``options`` are those of ``overlay``.

        Raises:
            OutputExistsError: there is such a file, and it may not be replaced.
            SinkError: it cannot be written, or no image is called so.
        """
        image = np.ascontiguousarray(np.asarray(self.overlay(**{"hud": True, **options}))[..., ::-1])
        with ImageSink(path, overwrite=overwrite) as sink:
            sink.write(Frame(image, 0, 0.0), self.explanation)
        return Path(path)

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw the overlay on matplotlib axes (new ones if None), and give them back; ``options`` are those of ``overlay``.

        Raises:
            MissingLibraryError: matplotlib is not installed.
        """
        try:
            from matplotlib import pyplot
        except ImportError as error:
            raise MissingLibraryError(
                "plot: needs matplotlib, which is not installed; pip install matplotlib"
            ) from error
        ax = pyplot.subplots()[1] if ax is None else ax
        ax.imshow(self.overlay(**options))
        ax.set_axis_off()
        label, probability = self.top(1)[0]
        ax.set_title(f"{self.question}\n{label} {probability:.0%}")
        return ax

    def _explained(self, image: UInt8Array, targets: Targets) -> ExplainedPicture:
        return replace(self, image=image, explanation=self.explainer(image, targets))

    def _drawn(self, settings: PictureSettings, heat: HeatSettings) -> UInt8Array:
        overlay = make_overlay(settings, self.labels)
        return overlay.draw(self.image, by_itself(self.explanation, heat))

    @cached_property
    def _shrunk(self) -> ExplainedPicture:
        """The same, no wider than a cell shows it."""
        height, width = self.image.shape[:2]
        if width <= _WIDEST:
            return self
        scale = _WIDEST / width
        size = _WIDEST, max(1, round(height * scale))
        image = np.asarray(cv2.resize(self.image, size, interpolation=cv2.INTER_AREA), np.uint8)
        r = self.explanation.region
        x0, x1 = (round(x * size[0] / width) for x in (r.x0, r.x1))
        y0, y1 = (round(y * size[1] / height) for y in (r.y0, r.y1))
        region = replace(r, x0=x0, x1=max(x1, x0 + 1), y0=y0, y1=max(y1, y0 + 1))
        return replace(self, image=image, explanation=replace(self.explanation, region=region))

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        said = ", ".join(f"{label} {probability:.0%}" for label, probability in self.top(3))
        verdict = f" ({self.verdict})" if self.verdict else ""
        return f"ExplainedPicture({self.name or 'picture'}, {width}x{height}: {said}{verdict}; {self.question})"

    def _repr_png_(self) -> bytes:
        return png_of(self._shrunk._drawn(PictureSettings(), HeatSettings()))

    def _repr_html_(self) -> str:
        small = self._shrunk
        tiles = [("as given", small.image)]
        for k, index in enumerate(self.explanation.classes):
            one = replace(small, explanation=small.explanation.only(k))
            drawn = one._drawn(PictureSettings(hud=False, alpha=0.7, mode="heat"), HeatSettings())
            title = one.question if len(self.explanation.classes) > 1 else f"why {self.labels[int(index)]}?"
            tiles.append((title, drawn))
        return picture_html(self.question, tiles, self._rows(), self._facts())

    def _rows(self) -> list[tuple[str, float, bool]]:
        """Class, probability, and whether it was asked about."""
        asked = [int(index) for index in self.explanation.classes]
        rows = [index for index, _ in self.explanation.top(5)]
        rows += [index for index in dict.fromkeys(asked) if index not in rows]
        return [(self.labels[n], float(self.explanation.probabilities[n]), n in asked) for n in rows]

    def _facts(self) -> str:
        how = self.explainer.describe()
        strength = "" if self.explanation.strength is None else f", strength of the evidence {self.strength:.2f}"
        verdict = {"sure": "sure", "unsure": "unsure", "no idea": "has no idea what this is", None: ""}[self.verdict]
        said = f"The model is {verdict}" if verdict in ("sure", "unsure") else f"The model {verdict}" if verdict else ""
        return f"{said}{strength}. {how['model']}, {how['method']} at {how['layer']}".lstrip(", .")
