"""Read a video file frame by frame, each frame with its exact time."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

from streamcam.errors import OptionError, SourceError
from streamcam.protocols import Closing
from streamcam.sources.decoder import Decoder
from streamcam.sources.images import check_readable
from streamcam.sources.probe import chunks, end_of_packets, probe
from streamcam.sources.proof import Opening, first_pictures
from streamcam.sources.proven import ProvenReader
from streamcam.sources.readers import ReaderName
from streamcam.system.clock import Clock, is_straight
from streamcam.types import Frame, VideoInfo

_EARLY = 1e-4  # seconds that clocks round by


class VideoSource(Closing):
    """The frames of a video file, upright, each with the time the file gives it.

    OpenCV reads it. Where its first pictures are not those that PyAV decodes, or it has no decoder, PyAV reads it, and a
    ``StreamcamWarning`` says why. Interlaced video becomes whole pictures, high dynamic range is brought to a normal one.

    After the last frame, ``lost`` says how many frames the file promises that could not be read: it is not 0 for a
    file that breaks off or is damaged in the middle.

    Args:
        path: a file in any format that OpenCV's or PyAV's FFmpeg reads.
        start: seconds from the start of the file; frames before it are not given, and times count from it.
        end: seconds from the start of the file; frames from there on are not given. None: all.

    Raises:
        SourceError: the file is missing, empty, cut off, has no picture, is no media at all, or ends before ``start``.
        OptionError: ``end`` is not after ``start``.

    Example::

        with streamcam.VideoSource("in.mp4", start=60, end=90) as source:
            print(source.info.frame_rate, [frame.time for frame in source][:3])
    """

    def __init__(self, path: str | Path, *, start: float = 0.0, end: float | None = None) -> None:
        self.path = Path(path)
        if start < 0 or (end is not None and end <= start):
            behind = "" if end is None else f", end {end:g}"
            raise OptionError(f"start {start:g}{behind}: the end must come after the start, and neither before 0")
        check_readable(self.path)
        self._start, self._end = start, end
        self._facts = facts = probe(self.path)
        if start and facts.duration is not None and start >= facts.duration + facts.start and not facts.may_jump:
            raise SourceError(self._too_late())
        opening = self._open()
        self._reader = ProvenReader(self.path, facts, opening)
        self._clock = Clock(self.path, facts.track, facts.file_start, may_jump=facts.may_jump)
        width, height = opening.orientation.size(*opening.size)
        self.info = VideoInfo(
            width=width,
            height=height,
            frame_rate=facts.frame_rate,
            frame_count=self._expected(),
            duration=self._duration(),
            time_base=facts.time_base,
            audio=self.path if facts.has_audio else None,
            colour_tagged=facts.colour_tagged or opening.tone is not None,
            pixel_aspect=1 / facts.pixel_aspect if opening.orientation.turns % 2 else facts.pixel_aspect,
            audio_start=start,
            audio_end=end,
            tone_mapped=opening.tone.transfer if opening.tone else "",
        )
        self.lost = 0
        self._holes = 0  # frames that did not come in between, by their times

    @property
    def reader(self) -> ReaderName:
        """Which library reads it: ``"opencv"``, or ``"pyav"`` where OpenCV cannot."""
        return self._reader.reader.name

    def _open(self) -> Opening:
        """The first pictures as PyAV decodes them."""
        with Decoder(self.path, self._facts.track, threads="SLICE") as decoder:
            opening = first_pictures(decoder)
            if opening is None:
                raise SourceError(decoder.refusal())
        if opening.needs_dolby:
            raise SourceError(
                f"{self.path}: {self._facts.kind} with Dolby Vision's own colours (profile 5), which only its decoders show; "
                "convert it to HDR10 or HLG"
            )
        return opening

    def __iter__(self) -> Iterator[Frame]:
        interval = float(1 / self.info.frame_rate)
        index, time, read, failures = 0, -interval, 0, 0
        if self._start:
            self._seek()
        while True:
            picture = self._reader.read(missing=functools.partial(self._misses, read, time))
            if picture is None:
                self.lost = self._misses(read, time)
                break
            image, reported = picture
            before, joints = time, self._clock.jumps
            reported = self._on_time(reported)
            # Old containers (AVI) may lack times.
            time = reported if reported is not None and (read == 0 or reported > time) else time + interval
            if read and joints == self._clock.jumps:
                self._holes += max(0, round((time - before) / interval) - 1)
            read += 1
            if self._end is not None and time >= self._end - _EARLY:
                break
            if time < self._start - _EARLY:
                continue
            if index == 0 and self._start:
                failures = self._reader.failures  # on the way here
            yield Frame(image, index, time - self._start if self._start else time)
            index += 1
        if index == 0:
            raise SourceError(self._too_late() if self._start else f"{self.path}: no frame of it can be shown")
        if not self._whole:
            self.lost += self._reader.failures - failures

    def _seek(self) -> None:
        """Go to where reading begins, if times lead there; else what comes before is read and left out."""
        if not self._facts.may_jump or is_straight(self.path):
            self._reader.seek(self._start)

    def _on_time(self, reported: float | None) -> float | None:
        """Seconds from the start of the file, where its own clock jumps, too."""
        if reported is None or not self._facts.may_jump:
            return reported
        time = self._clock(reported + self._facts.file_start)
        return time if abs(time - reported) > _EARLY else reported  # not rounded where nothing jumps

    @property
    def _whole(self) -> bool:
        return not self._start and self._end is None

    def _duration(self) -> float | None:
        """Of what is given."""
        whole = self._facts.duration
        if self._whole:
            return whole
        if whole is None or self._facts.may_jump:  # a clock that jumps may tell too short a length
            return None if self._end is None else self._end - self._start
        return max(0.0, min(whole, self._end or whole) - self._start)

    def _expected(self) -> int | None:
        """How many frames are to come, where the container counts them."""
        count, whole, part = self._facts.frame_count, self._facts.duration, self._duration()
        if self._whole or count is None:
            return count
        return round(count * part / whole) if whole and part is not None else None

    def _misses(self, read: int, time: float) -> int:
        """How many frames are missing at the end, after so many, the last of them at this time."""
        facts = self._facts
        if self._whole:
            return self._count_lost(read, time)
        until = facts.duration if self._end is None else min(self._end, facts.duration or self._end)
        if until is None or (not facts.frame_count and until - time < 1):
            return 0
        missing = max(0, round((until - time) * facts.frame_rate) - 1)
        if missing and not facts.frame_count and end_of_packets(self.path)[0] > until - 1:
            return 0
        return missing

    def _count_lost(self, read: int, time: float) -> int:
        """How many frames are missing, by every estimate the file gives: the lowest counts.

        A file whose edit list skips frames, or whose audio runs on after the picture, has lost nothing; nor has one whose
        recorder dropped frames.
        """
        facts = self._facts
        if facts.places:
            by_time = max(0, facts.places - 1 - round(time * facts.frame_rate)) + self._reader.failures
            if read >= facts.places:
                return by_time
            end, pictures = chunks(self.path, facts.track)  # what is damaged may be passed over without a word
            return max(by_time, max(0, facts.places - 1 - end) + max(0, pictures - read))
        if facts.may_jump:  # such streams promise nothing: they end where they end, and may have holes
            if self._holes and self._reader.failures:
                return self._holes
            return self._holes if self._holes > 1 and end_of_packets(self.path)[1] else 0
        estimates = [facts.frame_count] if facts.frame_count else []
        if facts.duration and (count := round(facts.duration * facts.frame_rate)):  # 0: its clock is damaged
            estimates.append(count)
        lost = min(estimates, default=0) - read
        tolerance = 0 if facts.frame_count else 1
        if lost <= tolerance:
            return 0
        if not facts.frame_count and facts.duration:
            last, broken = end_of_packets(self.path)
            if last > facts.duration - 1 and not broken:
                return 0
        return lost

    def _too_late(self) -> str:
        length = self._facts.duration
        return f"{self.path}: nothing is left at {self._start:g} s" + (f" of its {length:.2f} s" if length else "")

    def close(self) -> None:
        """Release the file."""
        self._reader.close()
