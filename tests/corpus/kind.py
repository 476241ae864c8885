"""A kind of file that people have: how one is made, what is in it, and what must come of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import film

# What must come of a file: all of its pictures; those that can be read, with the loss said; a refusal by name.
Result = Literal["whole", "with loss", "refused"]

TONE = "0.4*sin(2*PI*(300*t+900*t*t))"
SECOND_TONE = "0.4*sin(2*PI*(500*t+700*t*t))"


class MakerError(Exception):
    """A file could not be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One file of the corpus.

    Attributes:
        name: of the file; its ending is the container.
        group: heading of the table.
        picture: codec and pixel format, for people.
        sound: for people.
        special: what is particular about it, for people.
        make: writes the file.
        numbers: what its pictures show, in order; None where nobody can know.
        size: of the upright picture.
        result: what must come of it.
        says: words that the error or the warning must have, in lower case.
        corners: how far the corners may be from what was drawn, in levels: quantisers of old codecs are coarse.
        mean: how far the mean colour of a frame may be from the reference's, in levels.
        gray: whether it has no colour.
        interlaced: whether a frame has two fields of different times.
        hdr: whether it must be tone-mapped: there is no one right result.
        reference: what decodes it independently; None where nothing here does, then only what was drawn counts.
        hidden: whether a part of it is transparent, with loud colours below.
        pages: how many pictures it stands for, where these are no frames.
        tells: whether the file itself promises what is lost of it.
        held: whether a frame that was dropped may also be written as the one before, shown longer.
        concealed: whether damaged pictures may look different: how FFmpeg hides damage depends on its number of threads.
        joined: number of frames behind which another recording begins: how long the step takes is not laid down.
        output: ending of the file that is written, empty for what streamcam takes by itself.
    """

    name: str
    group: str
    picture: str
    make: Callable[[Path], None]
    sound: str = ""
    special: str = ""
    numbers: tuple[int, ...] | None = tuple(range(12))
    size: tuple[int, int] = film.SIZE
    result: Result = "whole"
    says: tuple[str, ...] = ()
    corners: float = 16
    mean: float = 3
    gray: bool = False
    interlaced: bool = False
    hdr: bool = False
    reference: Literal["ffmpeg", "pillow"] | None = "ffmpeg"
    hidden: bool = False
    pages: int = 0
    tells: bool = True
    held: bool = False
    concealed: bool = False
    joined: int = 0
    output: str = ""

    @property
    def container(self) -> str:
        """The ending of the name."""
        return Path(self.name).suffix[1:]


def ffmpeg(*arguments: str | Path, data: bytes | None = None) -> bytes:
    """Run the ``ffmpeg`` command line; ``data`` is its standard input.

    Raises:
        MakerError: it fails.
    """
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, arguments)]
    if data is not None:
        command.remove("-nostdin")
    done = subprocess.run(command, input=data, capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise MakerError(done.stderr.decode(errors="replace").strip()[-600:])
    return done.stdout


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Makes a video with the ``ffmpeg`` command line.

    Attributes:
        video: options of the encoder, ``-c:v`` first.
        format: pixel format.
        audio: options of the sound, one list a track, none for no sound.
        numbers: the pictures.
        size: of the picture that is shown.
        rate: frames a second.
        times: when each frame is shown, in ticks of 1/90000 s; even ones if None.
        matrix: of colours: ``bt601``, ``bt709``, ``bt2020``.
        full: whether the range is full.
        tagged: whether the file says which colours it has.
        seconds: of the sound; as long as the picture if None.
        sound_start: seconds.
        filters: after the pictures were drawn, before the pixel format.
        turn: from the picture that is shown to the one that is stored.
        options: of the output.
        after: what is done to the file afterwards.
    """

    video: Sequence[str] = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "16")
    format: str = "yuv420p"
    audio: Sequence[Sequence[str]] = ()
    numbers: Sequence[int] = tuple(range(12))
    size: tuple[int, int] = film.SIZE
    rate: Fraction | int = 25
    times: Sequence[int] | None = None
    matrix: str = "bt601"
    full: bool = False
    tagged: bool = True
    seconds: float | None = None
    sound_start: float = 0.0
    filters: Sequence[str] = ()
    turn: Callable[[film.Picture], film.Picture] = field(default=lambda image: image)
    options: Sequence[str] = ()
    after: Callable[[Path], None] = field(default=lambda path: None)

    def __call__(self, path: Path) -> None:
        """Write the file."""
        images = [self.turn(film.draw(number, self.size)) for number in self.numbers]
        height, width = images[0].shape[:2]
        command: list[str | Path] = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}"]
        command += ["-framerate", str(self.rate), "-i", "-"]
        seconds = len(images) / self.rate if self.seconds is None else self.seconds
        for track, _ in enumerate(self.audio):
            tone = SECOND_TONE if track else TONE
            channels = "|".join(
                [tone] * (6 if "5.1" in self.audio[track] else 2 if "-mono" not in self.audio[track] else 1)
            )
            command += ["-itsoffset", str(self.sound_start), "-f", "lavfi"]
            command += ["-i", f"aevalsrc={channels}:s=48000:d={float(seconds)}"]
        command += ["-map", "0:v", "-vf", ",".join(self._filters()), "-fps_mode", "passthrough", *self.video]
        command += ["-enc_time_base", "1/90000"] if self.times is not None else []
        command += self._colours() if self.tagged else []
        for track, options in enumerate(self.audio):
            command += ["-map", f"{track + 1}:a"]
            wanted = [option for option in options if option not in ("-mono", "5.1")]
            command += [f"{option}:a:{track}" if option in ("-c", "-ar", "-b") else option for option in wanted]
        command += ["-threads", "1", "-bitexact", *self.options, path]
        ffmpeg(*command, data=b"".join(image.tobytes() for image in images))
        self.after(path)

    def _filters(self) -> list[str]:
        filters = [*self.filters]
        if self.times is not None:
            ticks = "+".join(f"eq(N,{number})*{tick}" for number, tick in enumerate(self.times))
            filters += ["settb=1/90000", f"setpts='{ticks}'"]
        matrix = self.matrix.replace("bt601", "smpte170m").replace("bt2020", "bt2020")
        flags = "accurate_rnd+full_chroma_int+full_chroma_inp"
        range_ = "full" if self.full else "limited"
        colours = (
            ""
            if self.format.startswith(("rgb", "bgr", "gbr", "argb", "0rgb", "pal", "mono", "gray"))
            else (f"out_color_matrix={matrix}:out_range={range_}:")
        )
        return [*filters, f"scale={colours}flags={flags}", f"format={self.format}"]

    def _colours(self) -> list[str]:
        if self.format.startswith(("rgb", "bgr", "gbr", "argb", "0rgb", "pal", "mono")):
            return []
        names = {
            "bt601": ("smpte170m", "smpte170m", "smpte170m"),
            "bt709": ("bt709", "bt709", "bt709"),
            "bt2020": ("bt2020nc", "bt2020", "bt709"),
        }
        space, primaries, transfer = names[self.matrix]
        range_ = "pc" if self.full else "tv"
        return ["-colorspace", space, "-color_primaries", primaries, "-color_trc", transfer, "-color_range", range_]
