"""Runs streamcam on about 250 small files of every kind, and holds each result against an independent decode.

    python tests/corpus/run.py                  all kinds; exit 1 when anything is wrong
    python tests/corpus/run.py --only webm      those with this in their name or group
    python tests/corpus/run.py --keep DIR       keep the files and what became of them
    python tests/corpus/run.py --write          write the table of kinds to tests/corpus/README.md

Needs the ``ffmpeg`` and ``ffprobe`` command lines, and Pillow. The files are made anew each time.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terminal import LOSS_WORDS, QUIET, Terminal

os.environ |= QUIET
sys.path.insert(0, str(Path(__file__).parents[1]))

import compare
import film
import hdr
import reference
import stills
import table
from containers import CONTAINERS, PIXEL_FORMATS
from kind import Kind
from odd import DAMAGE
from outputs import OUTPUTS
from pictures import ANIMATED, IMAGES
from sounds import SOUNDS
from timing import INTERLACED, RATES, ROTATION

KINDS: tuple[Kind, ...] = (
    *CONTAINERS,
    *PIXEL_FORMATS,
    *ROTATION,
    *RATES,
    *INTERLACED,
    *hdr.HDR,
    *SOUNDS,
    *IMAGES,
    *ANIMATED,
    *DAMAGE,
    *OUTPUTS,
)
_PATIENCE = 60  # seconds for one file
_THREADS = 2


@dataclass(slots=True)
class Finding:
    """What came of one kind.

    Attributes:
        kind: which.
        wrong: what is not right, none where all is.
        notes: what streamcam has warned of.
        output: the annotated file, or None.
        error: why there is none.
        lost: frames that streamcam says are missing.
    """

    kind: Kind
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    output: Path | None = None
    error: str = ""
    lost: int = 0
    records: Path | None = None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", help="kinds with this in their name or group; repeat for several")
    parser.add_argument("--keep", type=Path, help="folder for the files and what became of them")
    parser.add_argument("--write", action="store_true", help="write the table of kinds to README.md")
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if not options.only or any(_is_meant(kind, word) for word in options.only)]
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        began = time.monotonic()
        findings = examine(kinds, folder)
        seconds = time.monotonic() - began
    wrong = [finding for finding in findings if finding.wrong]
    for finding in wrong:
        print(f"{finding.kind.name}: {'; '.join(finding.wrong)}", finding.notes or "")
    print(f"{len(findings) - len(wrong)} of {len(findings)} kinds are right, in {seconds:.0f} s")
    if options.write:
        path = Path(__file__).with_name("README.md")
        path.write_text(table.render([(finding.kind, finding.wrong) for finding in findings]), encoding="utf-8")
    return 1 if wrong else 0


def examine(kinds: Sequence[Kind], folder: Path) -> list[Finding]:
    """Make the files, annotate them, and compare."""
    assert len({Path(kind.name).name for kind in kinds}) == len(kinds), "two kinds have one name"
    (folder / "in").mkdir(parents=True, exist_ok=True)
    findings = [Finding(kind) for kind in kinds]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda finding: _make(finding, folder / "in"), findings))
    made = [finding for finding in findings if not finding.wrong]
    annotate(made, folder)
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda finding: _judge(finding, folder / "in"), made))
    return findings


def _is_meant(kind: Kind, word: str) -> bool:
    return word.lower() in f"{kind.name} {kind.group}".lower()


def _make(finding: Finding, folder: Path) -> None:
    try:
        with tempfile.TemporaryDirectory() as own:
            path = Path(own) / finding.kind.name
            finding.kind.make(path)
            path.replace(folder / finding.kind.name)
    except Exception as error:
        finding.wrong.append(f"cannot be made: {error!r}")


def annotate(findings: Sequence[Finding], folder: Path) -> None:
    """Annotate all files in this process, with the heat invisible."""
    from makers import models

    from streamcam import AnnotationSettings, annotate_all
    from streamcam.settings import ExplainSettings, HeatSettings, ModelSettings, PictureSettings

    model = folder / "tiny.keras"
    models.flat(rescales=True).model.save(model)
    settings = AnnotationSettings(
        model=ModelSettings(model=str(model)),
        explain=ExplainSettings(precision="f32", cache=True),
        picture=PictureSettings(alpha=0.0, hud=False),
        heat=HeatSettings(steady=False),
    )
    by_name = {str(folder / "in" / finding.kind.name): finding for finding in findings}
    coming = dict(by_name)  # images are done two at a time: what names one that is still to come is kept for it
    as_usual = [name for name, finding in by_name.items() if not finding.kind.output]
    runs = [(as_usual, folder / "out", folder / "records")]
    for name, finding in by_name.items():
        if finding.kind.output:
            runs.append(([name], folder / "out" / f"{Path(name).stem}.{finding.kind.output}", None))
    noted: list[str] = []
    warnings.simplefilter("always")
    warnings.showwarning = lambda message, *where, **more: noted.append(str(message))

    def progress(update: Any) -> None:
        if update.warning:
            noted.append(update.warning)

    os.environ["STREAMCAM_CACHE"] = str(folder / "cache")
    (folder / "cache").mkdir(mode=0o700, exist_ok=True)
    faulthandler.enable()
    with Terminal() as terminal:
        faulthandler.dump_traceback_later(_PATIENCE * 2, exit=True, file=terminal.real)
        first = True
        for inputs, output, records in runs:
            for outcome in annotate_all(
                inputs, output, records=records, settings=settings, overwrite=True, progress=progress
            ):
                faulthandler.dump_traceback_later(_PATIENCE, exit=True, file=terminal.real)
                finding = by_name[outcome.source]
                _note(finding, outcome)
                coming.pop(outcome.source)
                others = [note for note in noted if finding.kind.name not in note and any(n in note for n in coming)]
                finding.notes = list(dict.fromkeys(note for note in noted if note not in others))
                noted[:] = others
                said = [line for line in terminal.said() if not _names(line, [outcome.source, *coming])]
                if said and not first:  # loading the model speaks, too
                    finding.wrong.append(f"the terminal shows: {said[0][:100]}")
                first = False
        faulthandler.cancel_dump_traceback_later()


def _names(line: str, paths: Sequence[str]) -> bool:
    return any(Path(path).name.split(".")[0] in line for path in paths)


def _note(finding: Finding, outcome: Any) -> None:
    finding.error = outcome.error
    if outcome.result:
        finding.output, finding.lost = Path(outcome.result.output), outcome.result.lost
    finding.records = outcome.job.outputs.records if outcome.job else None
    if outcome.unforeseen:
        finding.wrong.append(f"an internal error: {outcome.error}")


def _tone_mapped(finding: Finding) -> bool:
    """Whether the header of the records says that the picture was HDR."""
    if finding.records is None:
        return False
    with finding.records.open(encoding="utf-8") as lines:
        return bool(json.loads(next(lines)).get("tone_mapped"))


def _judge(finding: Finding, folder: Path) -> None:
    kind, source = finding.kind, folder / finding.kind.name
    if kind.result == "refused":
        if finding.output is not None:
            finding.wrong.append("is taken, and should be refused")
        finding.wrong += [
            f"does not say {word!r}: {finding.error}" for word in kind.says if word not in finding.error.lower()
        ]
        return
    if finding.output is None:
        finding.wrong.append(f"refused: {finding.error}")
        return
    if kind.result == "whole" and finding.lost:
        finding.wrong.append(f"{finding.lost} frames are said to be lost")
    try:
        if kind.reference == "pillow":
            before = stills.decode(source)
        elif kind.reference == "ffmpeg":
            before = reference.decode(source, deinterlace=kind.interlaced)
        else:
            before = None
    except Exception as error:
        finding.wrong.append(f"the reference fails: {error!r}")
        return
    if before and kind.numbers is not None and kind.result == "whole" and not kind.hdr:
        shown = tuple(film.read_number(picture) for picture in before.pictures)
        if shown != kind.numbers:
            finding.notes.append(f"REFERENCE shows {shown}")
    try:
        after = (stills if finding.output.suffix == ".webp" else reference).decode(finding.output)
    except reference.NoPictureError as error:
        finding.wrong.append(f"what was written cannot be read: {error}")
        return
    said = bool(finding.lost) or any(word in note for note in finding.notes for word in LOSS_WORDS)
    finding.wrong += compare.differences(kind, before, after, loss_said=said)
    if kind.hdr:
        finding.wrong += hdr.differences(after.pictures)
        finding.wrong += [] if _tone_mapped(finding) else ["the record does not say that it was tone-mapped"]
    finding.wrong += stills.differences(kind, after, finding.notes, finding.output)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
