"""Writes what is supported as Markdown, for people: the same results give the same text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kind import Kind

_HEAD = """\
# What streamcam reads and writes

This page is written by `python tests/corpus/run.py --write`, which makes the files named here, {count} in all, runs
streamcam on them with the heat invisible, and holds each result against an independent decode of the input by FFmpeg's command
line (by Pillow for images): {right} are right. Every picture shows its number and has another colour in each corner.

What is held equal: the frames and their order; their times, within 5 ms; size, shape of the pixels, and which way up the
picture is; the mean colour of each frame, within 3 levels of 255, and that of each sixteenth of it, within 24; each track of
sound, its language, title, and whether it is the default; the sound's offset to the picture, within 5 ms, and its length.
*Interlaced* video is compared with FFmpeg's `bwdif`, one picture for the two fields of a frame. For *HDR* there is no one right
picture: the numbers must be readable, the colours of the corners near those of the same picture in SDR, white far from
black, four highlights from 280 to 1000 cd/m² must stay different, and the records must say that it was tone-mapped. Of
*transparent* pictures nothing must be seen of the colours below.

*Whole*: every frame is in the result. *With loss*: what can be read is in the result, the loss is counted, and the exit code is
1 where the file itself says what it should have. *Refused*: nothing is written, and one line says why.

`python tests/corpus/mutations.py` damages five files in 500 ways: each ends in a playable video, or in one line.
"""
_RESULTS = {"whole": "whole", "with loss": "with loss", "refused": "refused"}


def render(results: Sequence[tuple[Kind, Sequence[str]]]) -> str:
    """The page about all kinds, each with what is wrong with it."""
    right = sum(not wrong for _, wrong in results)
    lines = [_HEAD.format(count=len(results), right="all" if right == len(results) else f"{right} of them")]
    for group in dict.fromkeys(kind.group for kind, _ in results):
        lines += [
            f"## {group}",
            "",
            "| picture | in | sound | what is special | result |",
            "| --- | --- | --- | --- | --- |",
        ]
        rows: dict[tuple[str, str, str, str], list[str]] = {}
        for kind, wrong in results:
            if kind.group == group:
                result = "**not yet right**" if wrong else _RESULTS[kind.result]
                rows.setdefault((kind.picture, kind.sound, kind.special, result), []).append(Path(kind.name).suffix)
        for (picture, sound, special, result), endings in rows.items():
            lines.append(f"| {picture} | {' '.join(dict.fromkeys(endings))} | {sound} | {special} | {result} |")
        lines.append("")
    return "\n".join(lines)
