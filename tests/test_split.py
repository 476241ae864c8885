"""Long files in parts: what comes out is what comes out of the whole."""

from __future__ import annotations

import itertools
import subprocess
import sys
from fractions import Fraction

import av
import h5py
import numpy as np
import pytest
from makers import clips
from makers.needs import need_module

from streamcam.batch import parts as parts_module
from streamcam.batch import split as split_module
from streamcam.batch.driver import Batch
from streamcam.batch.jobs import plan
from streamcam.batch.settings import Settings
from streamcam.batch.split import SplitError, StretchSource, borders, cut, fits, layout
from streamcam.batch.workers import Processes

FRAMES = 900


@pytest.fixture(scope="module")
def model(tiny_model):
    return tiny_model


@pytest.fixture(scope="module")
def film(tmp_path_factory, cat):
    """Half a minute that changes all the time, with sound, keyframes every second, and uneven times."""
    random = np.random.default_rng(3)
    ticks = np.cumsum(random.integers(400, 620, FRAMES))
    ticks -= ticks[0]
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30, options={"g": "30"})
        video.width, video.height, video.pix_fmt = 96, 72, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 15_360)
        for index, tick in enumerate(ticks):
            x, y = round(120 + 90 * np.sin(index / 25)), round(80 + 60 * np.cos(index / 31))
            image = np.ascontiguousarray(cat[y : y + 144 : 2, x : x + 192 : 2])
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = int(tick), video.time_base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    whole = path.with_name("sound.mp4")
    with av.open(str(whole), "w") as output, av.open(str(path)) as source:
        video = output.add_stream_from_template(source.streams.video[0])
        sound = output.add_stream("aac", rate=48_000, layout="stereo")
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        for start in range(0, 48_000 * 25, 1024):
            wave = np.sin(np.arange(start, start + 1024) / 20).astype(np.float32) / 10
            block = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
            block.sample_rate, block.pts, block.time_base = 48_000, start, Fraction(1, 48_000)
            output.mux(sound.encode(block))
        output.mux(sound.encode(None))
    return whole


def annotate(film, folder, model, *more):
    folder.mkdir()
    out = folder / "film.mp4"
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "annotate", str(film), "-o", str(out), "-m", str(model), "--records",
         str(folder / "film.jsonl"), "--heatmaps", str(folder / "film.h5"), "--probabilities", *more],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def whole(film, model, tmp_path_factory):
    return annotate(film, tmp_path_factory.mktemp("whole") / "out", model)


def assert_equal(one, other):
    assert (one / "film.jsonl").read_text() == (other / "film.jsonl").read_text()
    with h5py.File(one / "film.h5") as here, h5py.File(other / "film.h5") as there:
        assert dict(here.attrs) == dict(there.attrs)
        assert set(here) == set(there)
        for name in here:
            np.testing.assert_allclose(here[name][:], there[name][:], rtol=1e-3, atol=1e-9, err_msg=name)
        np.testing.assert_array_equal(here["probabilities"][:], there["probabilities"][:])
    frames, others = clips.decoded(one / "film.mp4"), clips.decoded(other / "film.mp4")
    assert [time for time, _ in frames] == [time for time, _ in others]
    assert len(frames) == FRAMES
    changes = [np.abs(a.astype(int) - b).mean() for (_, a), (_, b) in zip(frames, others, strict=True)]
    assert np.max(changes) < 6  # encoded in other groups
    assert clips.audio_packets(one / "film.mp4") == clips.audio_packets(other / "film.mp4")
    assert clips.audio_packets(one / "film.mp4")
    assert sorted(path.name for path in other.iterdir()) == ["film.h5", "film.jsonl", "film.mp4"]


def test_parts_make_what_the_whole_makes(film, whole, model, tmp_path):
    assert_equal(whole, annotate(film, tmp_path / "out", model, "--workers", "2", "--split", "6"))


def test_all_ways_to_run_cut_and_join_to_the_same_bytes(film, model, tmp_path):
    need_module("ray", "is the cluster")
    ways = {"workers": ("--workers", "2"), "shard": ("--shard", "1/1"), "ray": ("--ray",)}
    made = [annotate(film, tmp_path / name, model, "--split", "6", *way) for name, way in ways.items()]
    for name in ("film.mp4", "film.jsonl"):
        assert len({(folder / name).read_bytes() for folder in made}) == 1


def test_a_run_in_that_is_too_short_is_noticed_and_the_part_made_again(film, whole, model, tmp_path, monkeypatch):
    monkeypatch.setattr(parts_module, "FIRST_RUN_IN", 1)
    monkeypatch.setattr(split_module, "_SAME_HEAT", 1e-6)
    cuts = []
    real = parts_module.cut

    def cut(layout, first, end, run_in, *more):
        cuts.append((first, run_in))
        return real(layout, first, end, run_in, *more)

    monkeypatch.setattr(parts_module, "cut", cut)
    out = tmp_path / "out"
    out.mkdir()
    settings = Settings(
        model={"model": str(model), "weights": "imagenet", "labels": None, "preprocess": None, "trust": False},
        explain={"layer": None, "method": "gradcam", "score": "logit", "targets": ["top1"], "fit": "native", "size": None,
                 "engine": "auto", "precision": "auto", "threads": 1},
    )  # fmt: skip
    jobs, _ = plan([film], out / "film.mp4", records=out / "film.jsonl", heatmaps=out / "film.h5", probabilities=True)
    batch = Batch(jobs, None, settings, split=6)
    [outcome] = batch.run(Processes(settings, 2), lambda news: None)
    assert outcome.state == "done"
    assert outcome.result.frames == FRAMES
    firsts = [first for first, _ in cuts]
    assert len(firsts) > len(set(firsts)) >= 4  # some were cut more than once
    assert_equal(whole, out)


def test_the_layout_is_that_of_the_frames(film):
    found = layout(film)
    assert len(found.times) == FRAMES
    assert found.keys[:2] == (0, 30)
    times = [time for time, _ in clips.decoded(film)]
    np.testing.assert_allclose(found.times, times, atol=1e-6)
    marks = borders(found, 6, 1)
    assert marks[0] == 0
    assert marks[-1] == FRAMES
    assert all(mark in found.keys for mark in marks[:-1])
    assert min(found.times[b - 1] - found.times[a] for a, b in itertools.pairwise(marks)) > 2.9
    assert borders(found, 6, 7)[1:-1] == [key for key in borders(found, 6, 7)[1:-1] if key % 7 == 0]


def test_groups_of_pictures_that_overlap_are_not_cut(tmp_path):
    path = tmp_path / "open.ts"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg2video", rate=30, options={"g": "12", "bf": "2"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(120):
            container.mux(video.encode(av.VideoFrame.from_ndarray(clips.picture(index), format="bgr24")))
        container.mux(video.encode(None))
    assert layout(path) is None


def test_borders_must_agree_in_name_and_heat():
    def edge(name, heat):
        return {"before": [name, heat], "after": [name, heat]}

    here = edge([3, 0], [[[0.5, 1.0]]])
    assert fits(here, edge([3, 0], [[[0.5004, 1.0]]]))
    assert not fits(here, edge([3, 1], [[[0.5, 1.0]]]))
    assert not fits(here, edge([4, 0], [[[0.5, 1.0]]]))
    assert not fits(here, edge([3, 0], [[[0.51, 1.0]]]))
    assert not fits(here, edge([3, 0], [[[0.5]]]))
    assert not fits(here, {"before": None, "after": None})
    nothing = edge([3, 0], [[[0.0, 0.0]]])
    assert not fits(nothing, nothing)  # the scale may be another
    weak = edge([3, 0], [[[0.05, 0.1]]])
    assert fits(weak, edge([3, 0], [[[0.05, 0.10005]]]))
    assert not fits(weak, edge([3, 0], [[[0.05, 0.1005]]]))


def test_a_stream_that_cannot_be_entered_where_it_is_cut_is_refused(tmp_path):
    path = tmp_path / "in.ts"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30, options={"g": "10", "bf": "2", "x264-params": "scenecut=0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(120):
            container.mux(video.encode(av.VideoFrame.from_ndarray(clips.picture(index), format="bgr24")))
        container.mux(video.encode(None))
    found = layout(path)
    assert found
    for first in found.keys[1:5]:
        try:
            stretch = cut(found, first, first + 10, 0, 1, tmp_path)
        except SplitError:
            continue
        with StretchSource(path, stretch) as source:
            begins = next(iter(source)).image.astype(int)
        assert np.abs(begins - clips.picture(first)).mean() < 12
