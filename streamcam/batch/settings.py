"""How files are annotated, as one value: for all workers alike, and for what identifies a result."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from streamcam.choices import Every
from streamcam.errors import OptionError
from streamcam.settings import Encoding, ExplainSettings, HeatSettings, ModelSettings, PictureSettings
from streamcam.system.versions import VERSION
from streamcam.system.wire import to_builtins

SPLIT = 120.0  # seconds: of the parts of long videos, where several share the work and nothing else is asked for

# How results are made, beyond what a version number says: raised when equal settings give other results.
_RESULTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationSettings:
    """How files are annotated, all those of one call alike.

    Attributes:
        model: which classifier.
        explain: what is explained, and how.
        picture: how it is drawn.
        encoding: how videos are compressed.
        every: explain each Nth frame only, or (``auto``) those whose picture has changed.
        heat: how raw evidence becomes shown heat.
        roi: regions of interest, where the evidence ought to lie: each a box ``x,y,width,height`` or a polygon
            ``x,y x,y x,y`` in frame pixels, or the path of a mask image or video.
        track: whether boxes follow what is in them on the first frame.
        alert_below: share of the evidence inside the regions, 0…1, under which frames are marked; None for never.
        start: of a video, in seconds: what comes before is left out.
        end: of a video, in seconds: what comes after is left out; None for its own end.
        agreed: folder in which workers agree on the precision to compute in, None where the cache does.

    Example::

        settings = streamcam.AnnotationSettings(every=2, explain=streamcam.ExplainSettings(method="layercam"))
        streamcam.annotate_all("archive/", "annotated/", settings=settings)
    """

    model: ModelSettings = ModelSettings()
    explain: ExplainSettings = ExplainSettings()
    picture: PictureSettings = PictureSettings()
    encoding: Encoding = Encoding()
    every: Every = 1
    heat: HeatSettings = HeatSettings()
    roi: tuple[str, ...] = ()
    track: bool = False
    alert_below: float | None = None
    start: float = 0.0
    end: float | None = None
    agreed: Path | None = None

    def check(self) -> None:
        """Raise ``OptionError`` or ``SourceError`` for what can be no setting, before anything is loaded."""
        from streamcam.annotation.roi import parse_roi
        from streamcam.drawing.overlay import make_overlay
        from streamcam.pipeline.explaining import check_every
        from streamcam.sinks.reduction import check_encoding
        from streamcam.steady.heat import make_steady

        if not (math.isfinite(self.start) and self.start >= 0):
            raise OptionError(f"start {self.start:g}: is in seconds, from 0 on")
        if self.end is not None and not self.end > self.start:
            raise OptionError(f"end {self.end:g}: must come after the start, at {self.start:g} s")
        check_encoding(self.encoding)
        check_every(self.every)
        if self.every == "auto" and not self.heat.steady:
            raise OptionError("every auto: maps that are not steady do not move along with the picture; give a number")
        make_overlay(self.picture)
        make_steady(self.heat)
        for text in self.roi:
            parse_roi(text)

    @property
    def is_stretch(self) -> bool:
        """Whether only a stretch of each video is wanted."""
        return self.start > 0 or self.end is not None

    @property
    def step(self) -> int:
        """Parts of a video begin to read at a multiple of this, to explain the same frames as the whole."""
        return 1 if self.every == "auto" else self.every

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read besides the inputs: the model, its weights, masks, class names."""
        names = (self.model.model, self.model.weights, *self.roi, self.model.labels)
        return tuple(Path(name) for name in names if name and _is_file(name))

    def absolute(self) -> AnnotationSettings:
        """The same, for a process that works in another folder."""

        def found(name: str) -> str:
            return str(Path(name).absolute()) if Path(name).exists() else name

        model = replace(
            self.model,
            model=found(self.model.model),
            weights=found(self.model.weights),
            labels=self.model.labels and found(self.model.labels),
        )
        agreed = self.agreed and self.agreed.absolute()
        return replace(self, model=model, roi=tuple(map(found, self.roi)), agreed=agreed)

    @property
    def identity(self) -> str:
        """Changes with everything that shapes a result. What only shapes its speed is left out; files count by their
        size and time, label files by what is in them.
        """
        data = to_builtins(replace(self, agreed=None, explain=replace(self.explain, cache=True, threads=0)))
        if not self.is_stretch:  # as it was before there were any
            del data["start"], data["end"]
        for field in fields(self.explain):  # as it was before there were video classifiers
            if field.name.startswith("clip_") and data["explain"][field.name] == field.default:
                del data["explain"][field.name]
        labels = self.model.labels
        data["files"] = [file_identity(path) for path in replace(self, model=replace(self.model, labels=None)).files]
        if labels:
            data["names"] = hashlib.sha256(Path(labels).read_bytes()).hexdigest() if Path(labels).is_file() else ""
        data["version"] = [VERSION, _RESULTS]
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # too long for a name
        return False


def file_identity(path: Path) -> list[Any]:
    """What tells a file from another, or from itself after it was changed."""
    facts = path.stat()
    return [path.name, facts.st_size, facts.st_mtime_ns]
