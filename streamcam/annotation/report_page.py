"""The HTML of a report: the frame of the page, and the element that shows the clip."""

from __future__ import annotations

import base64
import html
from pathlib import Path

LARGEST_CLIP = 64 * 1024**2  # bytes that are put into the page; a larger clip is linked


def media_element(clip: Path, page: Path) -> str:
    """The annotated video or image, inside the page or linked from it."""
    if clip.suffix.lower() not in (".mp4", ".m4v", ".mov", ".webm"):
        suffix = clip.suffix.lower().removeprefix(".")
        suffix = suffix if suffix in ("png", "gif", "webp") else "jpeg"
        return f'<img class="media" alt="" src="data:image/{suffix};base64,{base64.b64encode(clip.read_bytes()).decode()}">'
    if clip.stat().st_size > LARGEST_CLIP:
        source = html.escape(clip.name if clip.parent == page.parent else clip.as_posix())
    else:
        kind = "webm" if clip.suffix.lower() == ".webm" else "mp4"
        source = f"data:video/{kind};base64,{base64.b64encode(clip.read_bytes()).decode()}"
    return f'<video class="media" controls muted playsinline src="{source}"></video>'


GENERATOR = '<meta name="generator" content="streamcam">'  # what tells a page of ours from others

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">$generator
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: dark; }
body { margin: 0 auto; max-width: 1080px; padding: 2rem 1.2rem; background: #14161a; color: #e8e6e3;
       font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; font-weight: 600; margin: 0 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; font-weight: 600; margin: 2rem 0 .6rem; }
.media { width: 100%; max-height: 70vh; border-radius: 8px; background: #000; object-fit: contain; }
.moments { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: .8rem; }
.moments button { all: unset; cursor: pointer; border-radius: 8px; overflow: hidden; background: #1f2228; }
.moments button:focus-visible { outline: 3px solid #ffc83c; }
.moments img { display: block; width: 100%; }
.moments span { display: block; padding: .4rem .6rem; font-size: .85rem; }
table { border-collapse: collapse; font-size: .9rem; }
th { text-align: left; font-weight: 400; color: #a9a6a0; padding: .15rem 1.5rem .15rem 0; vertical-align: top; }
td { overflow-wrap: anywhere; }
p { color: #a9a6a0; max-width: 46rem; }
</style>
</head>
<body>
<h1>$title</h1>
$media
<h2>Over time</h2>
<p>What the model said of each frame, and how steady the heat is: flicker is the change of the heat beside the motion of
the picture, over its mean. A curve is broken where the class was not among the five most probable.</p>
$charts
<h2>Where something changed</h2>
<div class="moments">
$thumbnails
</div>
<h2>Settings</h2>
<table>
$settings
</table>
<script>
const video = document.querySelector("video");
for (const button of document.querySelectorAll("[data-time]"))
  button.addEventListener("click", () => {
    if (!video) return;
    video.currentTime = Number(button.dataset.time);
    video.scrollIntoView({behavior: "smooth", block: "center"});
  });
</script>
</body>
</html>
"""
