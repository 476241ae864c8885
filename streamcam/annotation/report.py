"""One self-contained page about an annotated video: the clip, what the model said over time, and how far to trust it."""

from __future__ import annotations

import base64
import html
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from string import Template
from typing import Any

import cv2
import numpy as np

from streamcam.annotation.report_page import GENERATOR, PAGE, media_element
from streamcam.errors import MissingLibraryError
from streamcam.sinks.partial import FileSink
from streamcam.steady.motion import motion, small_gray
from streamcam.system.versions import versions
from streamcam.types import Explained, Explanation, Float32Array, Frame, Header, UInt8Array

_DECIDES = 0.2  # of full evidence, for a moment to be marked
_TOP = 5  # classes kept of each frame
_MOST_THUMBNAILS = 60
_THUMBNAIL = 220  # pixels wide
_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00")  # Okabe and Ito 2008


@dataclass(frozen=True, slots=True)
class _Moment:
    time: float
    top: tuple[tuple[int, float], ...]
    named: int
    score: float
    inside: float | None
    hot: float | None
    cold: float | None
    flicker: float | None
    evidence: float | None  # of a video classifier, at this moment


@dataclass(frozen=True, slots=True)
class _Thumbnail:
    time: float
    caption: str
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class _Change:
    """How the heat of a frame differs from that of the frame before.

    Attributes:
        flicker: mean absolute change beside the motion of the picture, over the mean heat; None where it is a new scene.
        is_cut: whether the picture was cut.
    """

    flicker: float | None
    is_cut: bool


class ReportPage(FileSink):
    """Writes one HTML page with everything in it: charts over time, a picture of each change, the settings.

    It looks at each frame twice: before anything is drawn on it (``observed``), for the motion of the picture, and as it is
    shown (``write``). The page is written when it is closed, and the annotated file must be complete by then.

    Args:
        path: of the page.
        header: gives the settings; called at the end.
        labels: one name a class.
        media: the annotated video or image that the page shows.
        alert_below: drawn as a line beside the evidence inside, or None.
        overwrite: whether an existing page may be replaced.

    Raises:
        MissingLibraryError: there is no plotly.
        OutputExistsError, SinkError: the page cannot be written there.
    """

    def __init__(
        self,
        path: str | Path,
        header: Callable[[], Header],
        labels: tuple[str, ...],
        media: Path,
        *,
        alert_below: float | None = None,
        overwrite: bool = False,
    ) -> None:
        check_library()
        super().__init__(path, overwrite=overwrite)
        self._header, self._labels, self._clip = header, labels, media
        self._alert_below = alert_below
        self._changes: dict[int, _Change] = {}  # by the index of a frame that was observed and not written yet
        self._moments: list[_Moment] = []
        self._thumbnails: list[_Thumbnail] = []
        self._last: tuple[UInt8Array, Float32Array] | None = None
        self._state: object = None

    def observed(self, stream: Iterable[Explained]) -> Iterator[Explained]:
        """The same frames, whose change of heat is noted."""
        for frame, explanation in stream:
            if explanation is not None and explanation.heat is not None:
                gray = small_gray(frame.image, explanation.region)
                self._changes[frame.index] = self._compare(gray, explanation.heat)
            yield frame, explanation

    def _write(self, frame: Frame, explanation: Explanation | None) -> None:
        change = self._changes.pop(frame.index, None)
        if explanation is None or change is None:
            return
        named, inside = int(explanation.classes[0]), explanation.inside
        share = inside.shares[0] if inside else None
        score = float(explanation.scores[0])
        covering = explanation.covering
        self._moments.append(
            _Moment(
                frame.time,
                tuple(explanation.top(_TOP)),
                named,
                score,
                share,
                covering.hot if covering else None,
                covering.cold if covering else None,
                change.flicker,
                float(explanation.strength[0]) if explanation.clip and explanation.strength is not None else None,
            )
        )
        state = named, bool(inside and inside.alert), explanation.verdict
        if (state != self._state or change.is_cut) and len(self._thumbnails) < _MOST_THUMBNAILS:
            caption = f"{self._name(named)} {score:.0%}" + (", looks elsewhere" if state[1] else "")
            caption = {"no idea": "nothing that it knows", "unsure": f"{caption}, unsure"}.get(state[2] or "", caption)
            self._thumbnails.append(_Thumbnail(frame.time, caption, _small_jpeg(frame.image)))
        self._state = state

    def _compare(self, gray: UInt8Array, heat: Float32Array) -> _Change:
        last, self._last = self._last, (gray, heat)
        if last is None or last[0].shape != gray.shape or last[1].shape != heat.shape:
            return _Change(None, is_cut=False)
        moved = motion(gray, last[0])
        if moved.is_cut:
            return _Change(None, is_cut=True)
        flicker = float(np.abs(heat - moved.carry(last[1])).mean() / max(float(heat.mean()), 1e-6))
        return _Change(flicker, is_cut=False)

    def _name(self, index: int) -> str:
        return self._labels[index] if index < len(self._labels) else f"class {index}"

    def _finish(self, *, complete: bool) -> None:
        if not complete:
            self.output.discard()  # without its video there is nothing to show
            return
        libraries = {"opencv": cv2.__version__, "openvino": versions()["openvino"], "plotly": version("plotly")}
        page = Template(PAGE).substitute(
            generator=GENERATOR,
            title=html.escape(self._clip.name),
            media=media_element(self._clip, self.output.path),
            charts=self._charts(),
            thumbnails="\n".join(map(_figure, self._thumbnails)),
            settings="\n".join(
                f"<tr><th>{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>"
                for name, value in (self._header() | libraries).items()
            ),
        )
        self.output.part.write_text(page, encoding="utf-8")

    def _charts(self) -> str:
        from plotly.graph_objects import Scatter
        from plotly.subplots import make_subplots

        times = [moment.time for moment in self._moments]
        rows: list[tuple[str, list[Any]]] = [("probability", self._curves(times, Scatter))]
        if any(moment.inside is not None for moment in self._moments):
            rows.append(("evidence inside", [self._line(Scatter, times, "inside", "#56b4e9")]))
        if any(moment.hot is not None for moment in self._moments):
            curves = [self._line(Scatter, times, "hot", "#d55e00"), self._line(Scatter, times, "cold", "#56b4e9")]
            rows.append(("lost if covered", curves))
        if any(moment.evidence is not None for moment in self._moments):
            rows.append(("evidence of the moment", [self._evidence(Scatter, times)]))
        rows.append(("flicker", [self._line(Scatter, times, "flicker", "#cc79a7")]))
        heights = [2.0] + [1.0] * (len(rows) - 1)
        figure = make_subplots(rows=len(rows), cols=1, shared_xaxes=True, vertical_spacing=0.05, row_heights=heights)
        for number, (title, traces) in enumerate(rows, start=1):
            for trace in traces:
                figure.add_trace(trace, row=number, col=1)
            limits = [0, 1] if title != "flicker" else None
            figure.update_yaxes(title_text=title, range=limits, rangemode="tozero", row=number, col=1)
            if title == "evidence inside" and self._alert_below is not None:
                figure.add_hline(self._alert_below, line_dash="dot", line_color="#d55e00", row=number, col=1)
        figure.update_xaxes(title_text="seconds", row=len(rows), col=1)
        figure.update_layout(
            template="plotly_dark",
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(255,255,255,0.03)",
            height=240 + 170 * len(rows),
            margin={"l": 60, "r": 20, "t": 20, "b": 50},
            legend={"orientation": "h", "y": 1.08},
            hovermode="x unified",
        )
        text: str = figure.to_html(full_html=False, include_plotlyjs="inline", div_id="timeline")
        return text

    def _curves(self, times: list[float], scatter: Any) -> list[Any]:
        """A curve for each of the classes that were most probable most, broken where it was not among the first."""
        weight: defaultdict[int, float] = defaultdict(float)
        for moment in self._moments:
            for index, score in moment.top:
                weight[index] += score
        curves = []
        for index, colour in zip(sorted(weight, key=weight.__getitem__, reverse=True), _COLOURS, strict=False):
            values = [dict(moment.top).get(index) for moment in self._moments]
            line = {"color": colour, "width": 2}
            curves.append(scatter(x=times, y=values, name=self._name(index), line=line, mode="lines"))
        return curves

    def _evidence(self, scatter: Any, times: list[float]) -> Any:
        """When a video classifier was decided: the evidence of each moment, with a mark where it is the largest around."""
        values = np.array([moment.evidence or 0.0 for moment in self._moments])
        padded = np.pad(values, 1)
        peaks = (values >= _DECIDES) & (values > padded[:-2]) & (values >= padded[2:])
        sizes = np.where(peaks, 9, 0).tolist()
        line, marker = {"color": "#e69f00"}, {"size": sizes, "color": "#f0e442", "opacity": 1, "line": {"width": 0}}
        return scatter(
            x=times, y=values.tolist(), mode="lines+markers", fill="tozeroy", line=line, marker=marker, name="evidence",
            showlegend=False,
        )  # fmt: skip

    def _line(self, scatter: Any, times: list[float], what: str, colour: str) -> Any:
        values = [getattr(moment, what) for moment in self._moments]
        return scatter(x=times, y=values, name=what, line={"color": colour}, mode="lines", showlegend=False)


def check_library() -> None:
    """Raise ``MissingLibraryError`` where plotly is not installed."""
    try:
        import plotly.graph_objects  # noqa: F401
    except ImportError as error:
        raise MissingLibraryError(
            'plotly is not installed; reports need it: pip install "streamcam[report]"'
        ) from error


def _small_jpeg(picture: UInt8Array) -> bytes:
    scale = _THUMBNAIL / picture.shape[1]
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 82])[1])


def _figure(thumbnail: _Thumbnail) -> str:
    image = base64.b64encode(thumbnail.jpeg).decode()
    caption = html.escape(f"{thumbnail.time:.2f} s: {thumbnail.caption}")
    return (
        f'<button type="button" data-time="{thumbnail.time:.3f}"><img alt="{caption}" '
        f'src="data:image/jpeg;base64,{image}"><span>{caption}</span></button>'
    )
