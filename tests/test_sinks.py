"""Frames out: what was written, decoded again by another library than the one that wrote it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from makers import clips

from streamcam import Encoding, Frame, HeatmapSink, ImageSink, RecordSink, VideoInfo, VideoSink, VideoSource
from streamcam.errors import OutputExistsError, SinkError, StreamcamWarning
from streamcam.sinks.records import place_of
from streamcam.types import Region

HEADER = {"version": "1", "source": "x.mp4", "layer": None}
LABELS = ("ant", "bee", "猫")


def frames(count, width=64, height=48, rate=30):
    return [Frame(clips.picture(i, width, height), i, i / rate) for i in range(count)]


def copy(source_path, target, **options):
    """Every frame of a clip through a source and a sink."""
    with VideoSource(source_path) as source, VideoSink(target, source.info, **options) as sink:
        for frame in source:
            sink.write(frame, clips.explanation())
    return target


def read_by_opencv(path):
    """Frame times in seconds and BGR images, by OpenCV: PyAV wrote the file."""
    capture = cv2.VideoCapture(str(path))
    found = []
    while True:
        ok, image = capture.read()
        if not ok:
            return found
        found.append((capture.get(cv2.CAP_PROP_POS_MSEC) / 1000, image))


# --- the contract of every sink

SINKS = {
    "video": lambda path, **o: VideoSink(path.with_suffix(".mp4"), VideoInfo(64, 48, Fraction(30)), **o),
    "image": lambda path, **o: ImageSink(path.with_suffix(".png"), **o),
    "records": lambda path, **o: RecordSink(path.with_suffix(".jsonl"), lambda: HEADER, LABELS, **o),
    "heatmaps": lambda path, **o: HeatmapSink(path.with_suffix(".h5"), lambda: HEADER, **o),
}


@pytest.mark.parametrize("make", SINKS.values(), ids=SINKS)
class TestEverySink:
    def test_has_its_name_only_when_it_is_complete(self, make, tmp_path):
        with make(tmp_path / "deep" / "er" / "out") as sink:
            for frame in frames(3):
                sink.write(frame, clips.explanation())
            assert not sink.output.path.exists()
        assert sink.output.path.stat().st_size > 0
        assert list(sink.output.path.parent.iterdir()) == [sink.output.path]
        sink.close()

    def test_keeps_what_it_has_after_an_error(self, make, tmp_path):
        with pytest.raises(ZeroDivisionError), make(tmp_path / "out") as sink:
            sink.write(frames(1)[0], clips.explanation())
            raise ZeroDivisionError
        assert not sink.output.path.exists()
        assert sink.output.part.stat().st_size > 0

    def test_leaves_nothing_where_nothing_was_written(self, make, tmp_path):
        with make(tmp_path / "out"):
            pass
        assert not list(tmp_path.iterdir())

    def test_never_overwrites_unasked(self, make, tmp_path):
        with make(tmp_path / "out") as sink:
            sink.write(frames(1)[0], clips.explanation())
        before = sink.output.path.read_bytes()
        with pytest.raises(OutputExistsError, match="--overwrite"):
            make(tmp_path / "out")
        assert sink.output.path.read_bytes() == before
        with make(tmp_path / "out", overwrite=True) as again:
            again.write(frames(1)[0], clips.explanation())
        assert sorted(tmp_path.iterdir()) == [sink.output.path]

    def test_does_not_overwrite_what_appeared_meanwhile(self, make, tmp_path):
        with pytest.raises(OutputExistsError), make(tmp_path / "out") as sink:
            sink.write(frames(1)[0], clips.explanation())
            sink.output.path.write_text("another's")
        assert sink.output.path.read_text() == "another's"
        assert sink.output.part.exists()

    def test_never_touches_what_another_run_left(self, make, tmp_path):
        with pytest.raises(ZeroDivisionError), make(tmp_path / "out") as first:
            first.write(frames(1)[0], clips.explanation())
            raise ZeroDivisionError
        left = first.output.part.read_bytes()
        with make(tmp_path / "out") as second:
            second.write(frames(1)[0], clips.explanation())
        assert first.output.part.read_bytes() == left
        assert second.output.path.exists()

    def test_names_a_place_that_cannot_be_written(self, make, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(SinkError, match="file"):
            make(tmp_path / "file" / "out")


# --- video


def atoms(path):
    """The names of an MP4's outermost parts."""
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        names.append(data[at + 4 : at + 8].decode())
        at += int.from_bytes(data[at : at + 4])
    return names


def test_h264_that_plays_everywhere(sample, tmp_path):
    target = copy(sample, tmp_path / "out.mp4")
    from streamcam.system.ffmpeg import av

    with av.open(str(target)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.codec_context.format.name) == ("h264", "yuv420p")
        assert video.codec_context.profile in ("High", "Main", "Constrained Baseline")
        assert (video.width, video.height, video.frames) == (640, 360, 180)
    assert sorted(set(atoms(target)) - {"free"}) == ["ftyp", "mdat", "moov"]  # an ordinary MP4, not a fragmented one


def test_times_count_size_and_pictures_are_the_sources(sample, tmp_path):
    target = copy(sample, tmp_path / "out.mp4")
    original, written = read_by_opencv(sample), read_by_opencv(target)
    assert len(written) == len(original) == 180
    np.testing.assert_allclose([t for t, _ in written], [t for t, _ in original], atol=1e-9)
    assert clips.decoded(target)[0][0] == 0
    for (_, a), (_, b) in zip(original[::20], written[::20], strict=True):
        assert a.shape == b.shape
        assert cv2.PSNR(a, b) > 36


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_variable_frame_rate_is_kept(tmp_path, name):
    ticks = np.cumsum([0, 33, 33, 100, 17, 50, 400, 33, 33]).tolist()
    source = clips.write_clip(tmp_path / "in.mp4", ticks, time_base=Fraction(1, 1000))
    written = read_by_opencv(copy(source, tmp_path / name))
    np.testing.assert_allclose([t for t, _ in written], np.array(ticks) / 1000, atol=1e-6)


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24000, 1001), Fraction(25), Fraction(60)])
def test_the_frame_rate_is_kept_exactly(tmp_path, rate):
    source = clips.write_clip(tmp_path / "in.mp4", 60, rate=rate, time_base=1 / rate / 100)
    target = copy(source, tmp_path / "out.mp4")
    assert VideoSource(target).info.frame_rate == rate
    assert VideoSource(target).info.duration == pytest.approx(float(60 / rate), abs=1e-3)


@pytest.mark.parametrize(("source", "audio"), [("in.mp4", "aac"), ("in.mkv", "aac"), ("in.mkv", "libopus"), ("in.mkv", "libmp3lame"), ("in.ts", "aac")])  # fmt: skip
def test_sound_is_copied_bit_for_bit_and_in_sync(tmp_path, source, audio):
    base = Fraction(1, 90_000) if source.endswith("ts") else Fraction(1, 1000)
    path = clips.write_clip(tmp_path / source, 60, time_base=base, audio=audio)
    target = copy(path, tmp_path / "out.mp4")
    original, written = clips.audio_packets(path), clips.audio_packets(target)
    assert len(written) == len(original) > 50
    header = 7 if source.endswith("ts") else 0  # in a transport stream each AAC packet has an ADTS header before it
    assert [data for _, data in written] == [data[header:] for _, data in original]
    picture_lag = clips.decoded(target)[0][0] - clips.decoded(path)[0][0]
    lags = [b - a - picture_lag for (a, _), (b, _) in zip(original, written, strict=True)]
    assert max(map(abs, lags)) < 0.0011  # a tick of Matroska's clock


def test_a_picture_that_starts_after_the_sound_stays_behind_it(tmp_path):
    ticks = list(range(500, 1500, 40))
    path = clips.write_clip(tmp_path / "in.mkv", ticks, time_base=Fraction(1, 1000), audio="aac", audio_seconds=1.5)
    target = copy(path, tmp_path / "out.mp4")

    def distance(p):
        return clips.decoded(p)[0][0] - clips.audio_packets(p)[1][0]

    assert distance(target) == pytest.approx(distance(path), abs=0.0011)
    assert distance(target) > 0.4


def test_joined_recordings_keep_their_sound(tmp_path):
    base = Fraction(1, 90_000)
    parts = [clips.write_clip(tmp_path / f"{i}.ts", 30, time_base=base, audio="aac").read_bytes() for i in range(2)]
    (tmp_path / "joined.ts").write_bytes(b"".join(parts))
    target = copy(tmp_path / "joined.ts", tmp_path / "out.mp4")
    assert len(read_by_opencv(target)) >= 55
    times = [time for time, _ in clips.audio_packets(target)]
    assert len(times) > 80
    assert times == sorted(times)


def test_pixels_that_are_not_square_stay_so(tmp_path):
    from streamcam.system.ffmpeg import av

    info = VideoInfo(64, 48, Fraction(30), pixel_aspect=Fraction(64, 45))
    with VideoSink(tmp_path / "a.mp4", info) as sink:
        sink.write(frames(1)[0], clips.explanation())
    assert VideoSource(tmp_path / "a.mp4").info.pixel_aspect == Fraction(64, 45)
    copied = copy(tmp_path / "a.mp4", tmp_path / "b.mp4")
    with av.open(str(copied)) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(64, 45)


def test_sound_that_the_container_cannot_hold_is_left_out_with_a_warning(tmp_path):
    path = clips.write_clip(tmp_path / "in.mkv", 30, audio="libopus", time_base=Fraction(1, 1000))
    with pytest.warns(StreamcamWarning, match=r"opus.*\.mkv"):
        target = copy(path, tmp_path / "out.mov")
    assert len(read_by_opencv(target)) == 30
    kept = copy(path, tmp_path / "out.mkv")
    assert [d for _, d in clips.audio_packets(kept)] == [d for _, d in clips.audio_packets(path)]


@pytest.mark.parametrize(("width", "height"), [(63, 47), (64, 47), (63, 48), (1, 1), (2, 2)])
def test_odd_sizes_are_widened_by_one_pixel(tmp_path, width, height):
    with VideoSink(tmp_path / "out.mp4", VideoInfo(width, height, Fraction(30)), encoding=Encoding(crf=5)) as sink:
        for frame in frames(5, width, height):
            sink.write(frame, clips.explanation(width, height))
    written = read_by_opencv(sink.output.path)
    assert len(written) == 5
    image = written[2][1]
    assert image.shape == (height + height % 2, width + width % 2, 3)
    if width > 8:
        np.testing.assert_allclose(image[:height, :width][40, 40], clips.picture(2)[40, 40], atol=8)
        np.testing.assert_allclose(image[40, -1].astype(int), image[40, -2], atol=8)


@pytest.mark.parametrize("tagged", [True, False])
def test_colours_survive(tmp_path, tagged):
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32], image[:, 32:] = (30, 60, 200), (40, 200, 90)
    info = VideoInfo(64, 48, Fraction(30), colour_tagged=tagged)
    with VideoSink(tmp_path / "out.mp4", info, encoding=Encoding(crf=1)) as sink:
        sink.write(Frame(image, 0, 0.0), clips.explanation())
    [(_, written)] = read_by_opencv(sink.output.path)
    np.testing.assert_allclose(written[24, [10, 50]], image[24, [10, 50]], atol=4)


@pytest.mark.parametrize(("codec", "name", "ending"), [("hevc", "hevc", "mp4"), ("vp9", "vp9", "webm")])
def test_other_codecs(tmp_path, codec, name, ending):
    from streamcam.system.ffmpeg import av

    with VideoSink(tmp_path / f"out.{ending}", VideoInfo(64, 48, Fraction(30)), encoding=Encoding(codec)) as sink:
        for frame in frames(5):
            sink.write(frame, clips.explanation())
    with av.open(str(sink.output.path)) as container:
        assert container.streams.video[0].codec_context.name == name
    assert len(read_by_opencv(sink.output.path)) == 5


def test_crf_and_preset_reach_the_encoder(sample, tmp_path):
    sizes = {crf: copy(sample, tmp_path / f"{crf}.mp4", encoding=Encoding(crf=crf)).stat().st_size for crf in (18, 35)}
    assert sizes[35] < sizes[18] / 2
    slow = copy(sample, tmp_path / "slow.mp4", encoding=Encoding(crf=18, preset="ultrafast"))
    assert slow.stat().st_size > sizes[18]


@pytest.mark.parametrize(("name", "encoding"), [("a.mp4", Encoding("nonsense")), ("a.mp4", Encoding("prores")), ("a.mp4", Encoding(preset="warp")), ("a.xyz", Encoding()), ("a", Encoding())])  # fmt: skip
def test_impossible_encodings_are_named_and_leave_nothing(tmp_path, name, encoding):
    with (
        pytest.raises(SinkError) as caught,
        VideoSink(tmp_path / name, VideoInfo(64, 48, Fraction(30)), encoding=encoding) as sink,
    ):
        sink.write(frames(1)[0], clips.explanation())
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


WRITER = """
import sys
from streamcam import VideoSink, VideoSource
from makers import clips
with VideoSource(sys.argv[1]) as source, VideoSink(sys.argv[2], source.info) as sink:
    for frame in source:
        sink.write(frame, clips.explanation())
        print(frame.index, flush=True)
        if frame.index == 150 and sys.argv[3] == "wait":
            sys.stdin.read()
"""


def start_writer(source, target, how, **more):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, source, target, how],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent, **more,
    )  # fmt: skip


def playable_frames(path):
    """How many frames a player gets out of a file that may end in the middle of one."""
    from streamcam.system.ffmpeg import av

    count = 0
    with av.open(str(path)) as container:
        try:
            for _ in container.decode(video=0):
                count += 1
        except av.FFmpegError:
            pass
    return count


CLOUDS = """
import sys
from fractions import Fraction
import cv2, numpy as np
from streamcam import Frame, VideoInfo, VideoSink
from makers import clips
rng = np.random.default_rng(1)
with VideoSink(sys.argv[1], VideoInfo(160, 120, Fraction(25))) as sink:
    for index in range(30):
        clouds = cv2.resize(rng.integers(0, 255, (12, 16, 3), np.uint8), (160, 120))
        grain = rng.integers(0, 9, clouds.shape, np.uint8)
        sink.write(Frame(cv2.add(clouds, grain), index, index / 25), clips.explanation())
"""


def test_the_same_frames_give_the_same_bytes_whatever_was_in_memory_before(tmp_path):
    written = set()
    for garbage in (1, 85, 170, 255):
        out = tmp_path / f"{garbage}.mp4"
        fill = {"MALLOC_PERTURB_": str(garbage)}  # glibc fills with it what it hands out
        subprocess.run(
            [sys.executable, "-c", CLOUDS, str(out)], check=True, env=os.environ | fill, cwd=Path(__file__).parent
        )
        written.add(out.read_bytes())
    assert len(written) == 1


def test_playable_after_kill_9(sample, tmp_path):
    process = start_writer(sample, tmp_path / "out.mp4", "wait")
    while process.stdout.readline().strip() != "150":
        pass
    process.kill()
    process.communicate()
    assert not (tmp_path / "out.mp4").exists()
    part = tmp_path / "out.part.mp4"
    # All but the encoder's look-ahead and the last fragment of a second, give or take a keyframe.
    assert playable_frames(part) >= 60
    assert len(read_by_opencv(part)) >= 60


def test_playable_after_a_full_disk(sample, tmp_path):
    resource = pytest.importorskip("resource", reason="limits a file's size; POSIX only")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    process = start_writer(sample, tmp_path / "out.mp4", "run", stderr=subprocess.PIPE, preexec_fn=limit)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "SinkError" in errors
    assert "out.part.mp4" in errors.splitlines()[-1]
    assert not (tmp_path / "out.mp4").exists()
    assert playable_frames(tmp_path / "out.part.mp4") >= 30


# --- images


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "tiff"])
def test_images_are_written_as_images(tmp_path, ending):
    with ImageSink(tmp_path / f"虎.{ending}") as sink:
        sink.write(frames(1)[0], clips.explanation())
    image = cv2.imdecode(np.fromfile(sink.output.path, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_allclose(image[40, 40], clips.picture(0)[40, 40], atol=6)
    with pytest.raises(SinkError, match=r"\.png or \.jpg"), ImageSink(tmp_path / "a.nonsense") as sink:
        sink.write(frames(1)[0], clips.explanation())


# --- records and heatmaps


def test_records(tmp_path):
    with RecordSink(tmp_path / "a.jsonl", lambda: HEADER, LABELS, top_k=2) as sink:
        for frame in frames(3):
            sink.write(frame, clips.explanation())
            assert len(sink.output.part.read_text(encoding="utf-8").splitlines()) == 2 + frame.index
    header, *records = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()]
    assert header == HEADER
    assert records[2] == {
        "frame": 2,
        "time": 0.066667,
        "explained": False,  # the explanation is frame 0's
        "top": [{"class": 1, "label": "bee", "score": 0.7}, {"class": 2, "label": "猫", "score": 0.2}],
        "targets": [
            {
                "class": 1,
                "label": "bee",
                "score": 0.7,
                "peak": [56.0, 40.0],
                "centroid": records[2]["targets"][0]["centroid"],
            }
        ],
    }


def test_places_are_in_frame_pixels():
    heat = np.zeros((2, 4), np.float32)
    heat[1, 2] = 3
    assert place_of(heat, Region(100, 0, 180, 20)) == {"peak": [150.0, 15.0], "centroid": [150.0, 15.0]}
    heat[1, 0] = 3
    assert place_of(heat, Region(100, 0, 180, 20))["centroid"] == [130.0, 15.0]
    assert place_of(np.zeros((2, 4), np.float32), Region(0, 0, 8, 8)) == {"peak": None, "centroid": None}


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_heatmaps(tmp_path, count):
    with HeatmapSink(tmp_path / "a.h5", lambda: HEADER, probabilities=True) as sink:
        for frame in frames(count):
            sink.write(frame, clips.explanation())
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["heatmaps"].shape == (count, 1, 3, 4)
        assert file["heatmaps"].dtype == np.float32
        np.testing.assert_array_equal(file["heatmaps"][-1], clips.explanation().heatmaps)
        np.testing.assert_array_equal(file["probabilities"][0], clips.explanation().probabilities)
        np.testing.assert_array_equal(file["classes"][:, 0], np.ones(count))
        np.testing.assert_allclose(file["scores"][:, 0], 0.7)
        np.testing.assert_array_equal(file["frame"], range(count))
        np.testing.assert_allclose(file["time"], np.arange(count) / 30)
        assert file.attrs["source"] == "x.mp4"


def test_data_files_take_no_memory_of_their_own(tmp_path):
    import tracemalloc

    with (
        RecordSink(tmp_path / "a.jsonl", lambda: HEADER, LABELS) as records,
        HeatmapSink(tmp_path / "a.h5", lambda: HEADER) as maps,
    ):
        one, peaks = frames(1)[0], []
        for _ in range(3):
            tracemalloc.start()
            for _ in range(500):
                records.write(one, clips.explanation())
                maps.write(one, clips.explanation())
            peaks.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.stop()
    assert peaks[2] < peaks[0] + 50_000
