"""A part of a video, by ``start`` and ``end``: the same frames as in the whole, at the cost of the part."""

from __future__ import annotations

import numpy as np
import pytest
from makers import clips
from makers.kinds import INTERLACED_H264, Kind, make

from streamcam import VideoSource
from streamcam.errors import OptionError, SourceError
from streamcam.sources.readers import OpenCVReader

pytestmark = pytest.mark.filterwarnings("ignore:.*read by PyAV")


def frames_of(path, **part):
    with VideoSource(path, **part) as source:
        return source, list(source)


@pytest.mark.parametrize(
    "kind",
    [Kind("mp4"), Kind("mkv", options={"g": "12"}), Kind("ts", options={"g": "12"}), Kind("avi", "mpeg4"), Kind("flv"),
     Kind("mp4", options=INTERLACED_H264), Kind("mp4", turned=(0, 1, 1, 0))],
)  # fmt: skip
@pytest.mark.parametrize(("start", "end"), [(0.0, 0.5), (0.4, 1.2), (1.5, None), (2.31, 2.45)])
def test_a_part_has_the_frames_of_the_whole(kind, start, end, tmp_path):
    path = make(tmp_path / f"a.{kind.ending}", kind, 75)
    _, whole = frames_of(path)
    source, part = frames_of(path, start=start, end=end)
    expected = [frame for frame in whole if start - 1e-4 <= frame.time < (end or 9) - 1e-4]
    assert [frame.index for frame in part] == list(range(len(expected)))
    assert [frame.time for frame in part] == pytest.approx([frame.time - start for frame in expected], abs=1e-6)
    for frame, other in zip(part, expected, strict=True):
        assert np.abs(frame.image.astype(float) - other.image).mean() < 2
    assert source.lost == 0
    assert (source.info.audio_start, source.info.audio_end) == (start, end)
    if source.info.duration is not None:
        assert source.info.duration == pytest.approx((end or 3.0) - start, abs=0.09)
    if source.info.frame_count is not None:
        assert source.info.frame_count == pytest.approx(len(part), abs=1)


def test_a_part_of_frames_that_come_unevenly(tmp_path):
    ticks = np.cumsum([0, 33, 33, 100, 17, 50, 400, 33, 2000, 33, 40]).tolist()
    path = clips.write_clip(tmp_path / "a.mkv", ticks, time_base=clips.Fraction(1, 1000))
    _, part = frames_of(path, start=0.2, end=2.7)
    seconds = np.array(ticks) / 1000
    assert [frame.time + 0.2 for frame in part] == pytest.approx(seconds[(seconds >= 0.2) & (seconds < 2.7)].tolist())


@pytest.mark.parametrize(("start", "end"), [(4.2, 5.0), (7.0, None)])
def test_a_part_of_joined_recordings_counts_on_their_common_clock(start, end, tmp_path):
    parts = [make(tmp_path / f"{n}.ts", Kind("ts"), 100, offset=offset) for n, offset in enumerate((50, 3, 50))]
    path = tmp_path / "a.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    _, whole = frames_of(path)
    assert len(whole) == 300
    _, part = frames_of(path, start=start, end=end)
    expected = [frame.time - start for frame in whole if start - 1e-4 <= frame.time < (end or 99) - 1e-4]
    assert [frame.time for frame in part] == pytest.approx(expected, abs=1e-6)


def test_ten_seconds_of_a_film_cost_ten_seconds(tmp_path, monkeypatch):
    """Counted, not measured: how many pictures are decoded before the first that is wanted."""
    path = make(tmp_path / "a.mp4", Kind("mp4", options={"g": "25"}), 1500)
    counts = {"decoded": 0}

    class Counted:
        def __init__(self, capture):
            self._capture = capture

        def __getattr__(self, name):
            return getattr(self._capture, name)

        def grab(self):
            counts["decoded"] += 1
            return self._capture.grab()

    real = OpenCVReader._open

    def opened(self):
        real(self)
        self._capture = Counted(self._capture)

    monkeypatch.setattr(OpenCVReader, "_open", opened)
    source, frames = frames_of(path, start=50.0, end=52.0)
    assert len(frames) == 50
    assert source.reader == "opencv"
    assert counts["decoded"] < 60


def test_what_lies_outside_is_refused(tmp_path):
    path = make(tmp_path / "a.mp4", Kind("mp4"), 25)
    with pytest.raises(SourceError, match=r"a\.mp4: nothing is left at 5 s of its 1\.00 s"):
        frames_of(path, start=5.0)
    for start, end in ((-1.0, None), (2.0, 1.0), (1.0, 1.0)):
        with pytest.raises(OptionError, match="start"):
            VideoSource(path, start=start, end=end)


def test_what_a_part_has_lost_is_counted(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", 200, size=(160, 120), noise=True, options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) * 6 // 10] = bytes(len(data) * 6 // 10 - len(data) // 2)
    path.write_bytes(data)
    assert frames_of(path)[0].lost > 5
    assert frames_of(path, start=0.5, end=1.5)[0].lost == 0
    path.write_bytes(data[: len(data) * 8 // 10])
    source, frames = frames_of(path, start=4.5)
    assert 0 < source.lost == 200 - 135 - len(frames)
