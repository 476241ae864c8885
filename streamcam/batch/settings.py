"""What all files of one call have in common, as data that JSON has: for other processes, and for what identifies a result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from streamcam.annotation.file import Outputs
from streamcam.settings import Encoding, ExplainSettings, ModelSettings, PictureSettings
from streamcam.system.versions import VERSION
from streamcam.system.wire import to_builtins

# How results are made, beyond what a version number says: raised when equal settings give other results.
_RESULTS = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """How files are annotated.

    Attributes:
        model: which classifier.
        explain: what is explained, and how.
        picture: how it is drawn.
        encoding: how videos are compressed.
        every: explain each Nth frame only.
        steady: whether heat and class are steady over time.
        roi: regions of interest, as people write them.
        track: whether boxes follow what is in them.
        alert_below: share of the evidence inside, or None.
        agreed: folder in which workers agree on the precision to compute in, None where the cache does.
    """

    model: ModelSettings = field(default_factory=ModelSettings)
    explain: ExplainSettings = field(default_factory=ExplainSettings)
    picture: PictureSettings = field(default_factory=PictureSettings)
    encoding: Encoding = field(default_factory=Encoding)
    every: int = 1
    steady: bool = True
    roi: tuple[str, ...] = ()
    track: bool = False
    alert_below: float | None = None
    agreed: str | None = None

    def check(self) -> None:
        """Raise ``OptionError`` for what can be no setting, before anything is loaded."""
        from streamcam.annotation.roi import parse_roi
        from streamcam.drawing.overlay import make_overlay

        make_overlay(self.picture)
        for text in self.roi:
            parse_roi(text)

    def absolute(self) -> Settings:
        """The same, for somebody who works in another folder."""

        def found(name: str) -> str:
            return str(Path(name).absolute()) if Path(name).exists() else name

        model = replace(
            self.model,
            model=found(self.model.model),
            weights=found(self.model.weights),
            labels=self.model.labels and found(self.model.labels),
        )
        agreed = str(Path(self.agreed).absolute()) if self.agreed else None
        return replace(self, model=model, roi=tuple(map(found, self.roi)), agreed=agreed)

    @property
    def identity(self) -> str:
        """Changes with everything that shapes a result. What only shapes its speed is left out; files count by their
        size and time, label files by what is in them.
        """
        data = to_builtins(replace(self, agreed=None, explain=replace(self.explain, cache=True, threads=0)))
        data["files"] = [
            file_identity(Path(name))
            for name in (self.model.model, self.model.weights, *self.roi)
            if name and Path(name).is_file()
        ]
        if labels := self.model.labels:
            data["names"] = hashlib.sha256(Path(labels).read_bytes()).hexdigest() if Path(labels).is_file() else ""
        data["version"] = [VERSION, _RESULTS]
        return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def file_identity(path: Path) -> list[Any]:
    """What tells a file from another, or from itself after it was changed."""
    facts = path.stat()
    return [path.name, facts.st_size, facts.st_mtime_ns]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of a video that one task is about, in numbers of frames.

    Attributes:
        first: frame that is written first.
        end: frame that is not written any more.
        run_in: frame with which reading begins, to be in the same state at ``first`` as after all frames before it.
        clip: a copy of the packets from ``run_in`` on, until some frames after ``end``.
        times: of the frames in the clip, in seconds from the start of the video.
    """

    first: int
    end: int
    run_in: int
    clip: Path
    times: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """One file, or a part of one, for somebody to do.

    Attributes:
        id: counts up.
        source: the input.
        outputs: where the results go; what is there is replaced.
        stretch: the part, None for all of it.
        name: of the input, for people.
    """

    id: int
    source: Path
    outputs: Outputs
    stretch: Stretch | None = None
    name: str = ""

    def absolute(self) -> Task:
        """The same, for somebody who works in another folder."""
        outputs: dict[str, Any] = {
            k: v.absolute() if isinstance(v, Path) else v for k, v in asdict(self.outputs).items()
        }
        stretch = self.stretch and replace(self.stretch, clip=self.stretch.clip.absolute())
        return replace(self, source=self.source.absolute(), outputs=Outputs(**outputs), stretch=stretch)

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        outputs = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self.outputs).items()}
        stretch = self.stretch and (asdict(self.stretch) | {"clip": str(self.stretch.clip)})
        return {"id": self.id, "source": str(self.source), "outputs": outputs, "stretch": stretch, "name": self.name}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Task:
        """The other way round."""
        outputs: dict[str, Any] = {k: Path(v) if isinstance(v, str) else v for k, v in data["outputs"].items()}
        stretch = data["stretch"]
        if stretch:
            stretch = Stretch(**(stretch | {"clip": Path(stretch["clip"]), "times": tuple(stretch["times"])}))
        return cls(data["id"], Path(data["source"]), Outputs(**outputs), stretch, data["name"])
