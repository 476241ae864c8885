"""The page about all files of a call: what failed, what was done, each with a picture and a link to its own report."""

from __future__ import annotations

import hashlib
import html
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from urllib.parse import quote

import cv2

from streamcam.annotation.report_page import GENERATOR
from streamcam.batch.jobs import Job
from streamcam.batch.leftovers import is_page
from streamcam.batch.outcome import Outcome
from streamcam.errors import SinkError
from streamcam.sinks.commenting import with_comment
from streamcam.sinks.mark import MARK as COMMENT
from streamcam.sinks.partial import refuse_existing, write_whole
from streamcam.sources.inputs import MARK

_THUMBNAIL = 320  # pixels wide
_AT = 1 / 3  # of a video, where its picture is taken

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">{generator}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>streamcam: {total} files</title>
<style>
  body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1b1f27 }}
  h1 {{ font-size: 1.6rem }} h2 {{ font-size: 1.2rem; margin-top: 2rem }}
  table {{ border-collapse: collapse; width: 100% }}
  td {{ padding: .4rem .8rem; border-top: 1px solid #dde; vertical-align: top }}
  .failed td:first-child {{ font-weight: 600; white-space: nowrap }} .failed {{ background: #fff4f0 }}
  .files {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: 1.2rem }}
  figure {{ margin: 0; border: 1px solid #dde; border-radius: .6rem; overflow: hidden }}
  figure img {{ width: 100%; aspect-ratio: 16/9; object-fit: cover; display: block; background: #000 }}
  figcaption {{ padding: .6rem .8rem; overflow-wrap: anywhere }} small {{ color: #667 }}
</style></head><body>
<h1>{total} files: {done} done, {failed} failed</h1>
{failures}
<div class="files">
{figures}
</div></body></html>
"""


class Thumbnails:
    """Pictures of what was done, and the page that shows them.

    Args:
        folder: of the reports.
        overwrite: whether a page that streamcam has not written may be replaced.
        lent: gives a file with its bytes, where it lies in storage elsewhere.

    Raises:
        OutputExistsError: there is such a page.
    """

    def __init__(
        self,
        folder: Path,
        *,
        overwrite: bool = False,
        lent: Callable[[Path], AbstractContextManager[Path]] = nullcontext,
    ) -> None:
        self._folder = folder
        with lent(folder / "index.html") as page:
            is_ours = is_page(page)
        if not is_ours:
            refuse_existing(folder / "index.html", overwrite=overwrite)
        self.made: list[Path] = []

    def make(self, outcome: Outcome) -> None:
        """A small picture of an annotated video or image, while it is here."""
        if outcome.job is None or outcome.result is None:
            return
        media, picture = outcome.job.outputs.media, self._picture(outcome.job)
        if not media.is_file() or media.stat().st_size == 0:
            return
        capture = cv2.VideoCapture(str(media))
        capture.set(cv2.CAP_PROP_POS_FRAMES, int(capture.get(cv2.CAP_PROP_FRAME_COUNT) * _AT))
        ok, image = capture.read()
        capture.release()
        if not ok:
            return
        height, width = image.shape[:2]
        size = _THUMBNAIL, max(1, round(height * _THUMBNAIL / width))
        _, data = cv2.imencode(".jpg", cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        with suppress(OSError):  # no picture is no reason to stop
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(with_comment(data.tobytes(), COMMENT))  # by which it is known for no input
            self.made.append(picture)

    def _picture(self, job: Job) -> Path:
        name = hashlib.sha256(os.fsencode(_relative(job.outputs.media, self._folder))).hexdigest()[:16]
        return self._folder / "thumbnails" / f"{name}{MARK}.jpg"

    def write_index(self, outcomes: Iterable[Outcome], named: Callable[[Path], str] = str) -> Path:
        """Write ``index.html`` into the folder, what is not complete first.

        Args:
            outcomes: of all files; inputs that stand for no file are left out.
            named: what a file of this machine is called, where it lies in storage elsewhere.

        Raises:
            SinkError: it cannot be written.
        """
        files = [(outcome.job, outcome) for outcome in outcomes if outcome.job]
        ordered = sorted(files, key=lambda file: str(file[0].source))
        failed = [(job, outcome) for job, outcome in ordered if outcome.failed]
        rows = "\n".join(
            f"<tr><td>{_text(named(job.source))}</td><td>{_text(_trouble(outcome))}</td></tr>"
            for job, outcome in failed
        )
        path = self._folder / "index.html"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            page = _PAGE.format(
                generator=GENERATOR,
                total=len(ordered),
                done=len(ordered) - len(failed),
                failed=len(failed),
                failures=f'<h2>Failed</h2><table class="failed">{rows}</table><h2>Done</h2>' if failed else "",
                figures="\n".join(self._figure(job, outcome, named) for job, outcome in ordered if outcome.result),
            )
            write_whole(path, page)
        except OSError as error:
            raise SinkError(f"{path}: the index cannot be written ({error.strerror})") from error
        return path

    def _figure(self, job: Job, outcome: Outcome, named: Callable[[Path], str]) -> str:
        result = outcome.result
        assert result
        picture = self._picture(job)
        if not picture.exists():
            self.make(outcome)
        folder = named(self._folder)
        image = f'<img loading="lazy" alt="" src="thumbnails/{picture.name}">' if picture.exists() else ""
        links = [f'<a href="{_link(named(job.outputs.media), folder)}">{_text(named(job.source))}</a>']
        if job.outputs.report:
            links.append(f'<a href="{_link(named(job.outputs.report), folder)}">report</a>')
        facts = f"{result.frames} frames" + (f", {result.lost} lost" if result.lost else "")
        if result.elsewhere:
            facts += f", looks elsewhere {len(result.elsewhere)} times"
        return f"<figure>{image}<figcaption>{' · '.join(links)}<br><small>{facts}</small></figcaption></figure>"


def _trouble(outcome: Outcome) -> str:
    return outcome.error or f"{outcome.result.lost if outcome.result else 0} of its frames cannot be read"


def _text(words: str) -> str:
    return html.escape(words.encode("utf-8", "replace").decode())


def _relative(path: str | Path, folder: str | Path) -> str:
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:  # on another drive
        return Path(path).absolute().as_posix()


def _link(path: str, folder: str) -> str:
    """From the page to a file; between two places of one storage, too."""
    here, there = folder.partition("://"), path.partition("://")
    if here[0] != there[0]:
        return quote(path, safe="/:", errors="surrogateescape")
    relative = _relative(there[2], here[2]) if here[1] else _relative(path, folder)
    return quote(relative, errors="surrogateescape")
