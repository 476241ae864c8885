"""What holds for every sink, and for every one that writes a file."""

from __future__ import annotations

import io
import itertools
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from makers import clips
from makers.contracts import check_sink
from makers.leftovers import nothing_left
from makers.needs import need_module
from makers.screens import screen

from streamcam import HeatmapSink, ImageSink, RecordSink, VideoInfo, VideoSink
from streamcam.drawing.overlay import Overlay
from streamcam.errors import OutputExistsError, SinkError
from streamcam.live.controls import Controls
from streamcam.live.recorder import Recorder
from streamcam.sinks.animation import AnimationSink
from streamcam.sinks.dataset import DatasetSink
from streamcam.sinks.pipe import PipeSink
from streamcam.sinks.stream import StreamSink


@pytest.fixture
def display():
    with screen(800, 600) as name:
        yield name


SINKS = {
    "video": lambda path, **o: VideoSink(path.with_suffix(".mp4"), VideoInfo(64, 48, Fraction(30)), **o),
    "gif": lambda path, **o: AnimationSink(path.with_suffix(".gif"), VideoInfo(64, 48, Fraction(15)), **o),
    "animated webp": lambda path, **o: AnimationSink(path.with_suffix(".webp"), VideoInfo(64, 48, Fraction(15)), **o),
    "image": lambda path, **o: ImageSink(path.with_suffix(".png"), **o),
    "records": lambda path, **o: RecordSink(path.with_suffix(".jsonl"), lambda: clips.HEADER, clips.LABELS, **o),
    "heatmaps": lambda path, **o: HeatmapSink(path.with_suffix(".h5"), lambda: clips.HEADER, **o),
    "dataset": lambda path, **o: DatasetSink(path.with_suffix(".parquet"), lambda: clips.HEADER, clips.LABELS, **o),
}


def recorder(path):
    controls = Controls(Overlay(clips.LABELS))
    controls.recording = True
    return Recorder(controls, Fraction(30), lambda: path.with_suffix(".mp4"))


def pipe(path):
    return PipeSink(VideoInfo(64, 48, Fraction(30)), file=io.BytesIO())


def stream(path):
    return StreamSink("udp://127.0.0.1:9", Fraction(30), failed=lambda line: None)


def page(path):
    need_module("starlette", "the page sink")
    from streamcam.web.page import PageSink

    return PageSink(Controls(Overlay(clips.LABELS)))


@pytest.mark.parametrize(
    "make", [*SINKS.values(), recorder, pipe, stream, page], ids=[*SINKS, "recorder", "pipe", "stream", "page"]
)
def test_every_sink_keeps_the_protocol(make, tmp_path):
    numbers = itertools.count()
    with nothing_left():
        check_sink(lambda: make(tmp_path / str(next(numbers))))


WINDOW = """
import sys
from makers.contracts import check_sink
from streamcam.drawing.overlay import Overlay
from streamcam.drawing.status import Status
from streamcam.live.controls import Controls
from streamcam.live.window import Window
check_sink(lambda: Window(Controls(Overlay(())), lambda frame: Status(), lambda frame, explanation: None))
"""


def test_the_window_keeps_the_protocol(display):
    """In a process of its own: a window system ends the process whose display has gone."""
    command = [sys.executable, "-c", WINDOW]
    environment = os.environ | {"DISPLAY": display}
    subprocess.run(command, env=environment, cwd=Path(__file__).parents[1], check=True, timeout=120)


@pytest.mark.parametrize("make", SINKS.values(), ids=SINKS)
class TestEverySink:
    def test_has_its_name_only_when_it_is_complete(self, make, tmp_path):
        with make(tmp_path / "deep" / "er" / "out") as sink:
            for frame in clips.frames(3):
                sink.write(frame, clips.explanation())
            assert not sink.output.path.exists()
        assert sink.output.path.stat().st_size > 0
        assert list(sink.output.path.parent.iterdir()) == [sink.output.path]
        sink.close()

    def test_keeps_what_it_has_after_an_error(self, make, tmp_path):
        with pytest.raises(ZeroDivisionError), make(tmp_path / "out") as sink:
            sink.write(clips.frames(1)[0], clips.explanation())
            raise ZeroDivisionError
        assert not sink.output.path.exists()
        assert sink.output.part.stat().st_size > 0

    def test_leaves_nothing_where_nothing_was_written(self, make, tmp_path):
        with make(tmp_path / "out"):
            pass
        assert not list(tmp_path.iterdir())

    def test_never_overwrites_unasked(self, make, tmp_path):
        with make(tmp_path / "out") as sink:
            sink.write(clips.frames(1)[0], clips.explanation())
        before = sink.output.path.read_bytes()
        with pytest.raises(OutputExistsError, match="--overwrite"):
            make(tmp_path / "out")
        assert sink.output.path.read_bytes() == before
        with make(tmp_path / "out", overwrite=True) as again:
            again.write(clips.frames(1)[0], clips.explanation())
        assert sorted(tmp_path.iterdir()) == [sink.output.path]

    def test_does_not_overwrite_what_appeared_meanwhile(self, make, tmp_path):
        with pytest.raises(OutputExistsError), make(tmp_path / "out") as sink:
            sink.write(clips.frames(1)[0], clips.explanation())
            sink.output.path.write_text("another's")
        assert sink.output.path.read_text() == "another's"
        assert sink.output.part.exists()

    def test_never_touches_what_another_run_left(self, make, tmp_path):
        with pytest.raises(ZeroDivisionError), make(tmp_path / "out") as first:
            first.write(clips.frames(1)[0], clips.explanation())
            raise ZeroDivisionError
        left = first.output.part.read_bytes()
        with make(tmp_path / "out") as second:
            second.write(clips.frames(1)[0], clips.explanation())
        assert first.output.part.read_bytes() == left
        assert second.output.path.exists()

    def test_names_a_place_that_cannot_be_written(self, make, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(SinkError, match="file"):
            make(tmp_path / "file" / "out")


def test_data_files_take_no_memory_of_their_own(tmp_path):
    import tracemalloc

    with (
        RecordSink(tmp_path / "a.jsonl", lambda: clips.HEADER, clips.LABELS) as records,
        HeatmapSink(tmp_path / "a.h5", lambda: clips.HEADER) as maps,
    ):
        one, peaks = clips.frames(1)[0], []
        for _ in range(3):
            tracemalloc.start()
            for _ in range(500):
                records.write(one, clips.explanation())
                maps.write(one, clips.explanation())
            peaks.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.stop()
    assert peaks[2] < peaks[0] + 50_000
