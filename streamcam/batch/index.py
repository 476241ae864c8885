"""The page about all files of a call: what failed, what was done, each with a picture and a link to its own report."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import cv2

from streamcam.batch.driver import Outcome
from streamcam.errors import SinkError

_THUMBNAIL = 320  # pixels wide
_AT = 1 / 3  # of a video, where its picture is taken

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
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


def write_index(folder: Path, outcomes: Iterable[Outcome]) -> Path:
    """Write ``index.html`` into the folder of the reports, failures first.

    Raises:
        SinkError: it cannot be written.
    """
    ordered = sorted(outcomes, key=lambda outcome: str(outcome.job.source))
    failed = [outcome for outcome in ordered if outcome.result is None]
    done = [outcome for outcome in ordered if outcome.result is not None]
    rows = "\n".join(
        f"<tr><td>{html.escape(str(outcome.job.source))}</td><td>{html.escape(outcome.error)}</td></tr>"
        for outcome in failed
    )
    path = folder / "index.html"
    try:
        (folder / "thumbnails").mkdir(parents=True, exist_ok=True)
        page = _PAGE.format(
            total=len(ordered),
            done=len(done),
            failed=len(failed),
            failures=f'<h2>Failed</h2><table class="failed">{rows}</table><h2>Done</h2>' if failed else "",
            figures="\n".join(_figure(folder, number, outcome) for number, outcome in enumerate(done)),
        )
        part = path.with_suffix(".part")
        part.write_text(page, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise SinkError(f"{path}: the index cannot be written ({error.strerror})") from error
    return path


def _figure(folder: Path, number: int, outcome: Outcome) -> str:
    job, result = outcome.job, outcome.result
    assert result
    picture = folder / "thumbnails" / f"{number:06d}.jpg"
    thumbnail = (
        f'<img loading="lazy" alt="" src="thumbnails/{picture.name}">' if _thumbnail(job.outputs.media, picture) else ""
    )
    links = [f'<a href="{_link(job.outputs.media, folder)}">{html.escape(str(job.source))}</a>']
    if job.outputs.report:
        links.append(f'<a href="{_link(job.outputs.report, folder)}">report</a>')
    facts = f"{result.frames} frames" + (f", {result.lost} lost" if result.lost else "")
    if result.elsewhere:
        facts += f", looks elsewhere {len(result.elsewhere)} times"
    return f"<figure>{thumbnail}<figcaption>{' · '.join(links)}<br><small>{facts}</small></figcaption></figure>"


def _link(path: Path, folder: Path) -> str:
    return quote(Path(os.path.relpath(path, folder)).as_posix())


def _thumbnail(media: Path, picture: Path) -> bool:
    """A small picture of an annotated video or image; False where there is none."""
    capture = cv2.VideoCapture(str(media))
    capture.set(cv2.CAP_PROP_POS_FRAMES, int(capture.get(cv2.CAP_PROP_FRAME_COUNT) * _AT))
    ok, image = capture.read()
    capture.release()
    if not ok:
        return False
    height, width = image.shape[:2]
    small = cv2.resize(image, (_THUMBNAIL, max(1, round(height * _THUMBNAIL / width))), interpolation=cv2.INTER_AREA)
    return bool(cv2.imwrite(str(picture), small))
