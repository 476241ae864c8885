"""One long film, annotated as a whole or in parts, and whether both are the same."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import av
import h5py
import numpy as np

from makers import clips

FRAMES = 900


def make(path, picture):
    """Pieces of a picture that change all the time, without sound; and beside it ``sound.mp4``, with sound."""
    random = np.random.default_rng(3)
    ticks = np.cumsum(random.integers(400, 620, FRAMES))
    ticks -= ticks[0]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30, options={"g": "30"})
        video.width, video.height, video.pix_fmt = 96, 72, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 15_360)
        for index, tick in enumerate(ticks):
            x, y = round(120 + 90 * np.sin(index / 25)), round(80 + 60 * np.cos(index / 31))
            image = np.ascontiguousarray(picture[y : y + 144 : 2, x : x + 192 : 2])
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


def annotate(film, folder, model, *more):
    folder.mkdir()
    out = folder / "film.mp4"
    done = subprocess.run(
        [sys.executable, "-m", "streamcam", "annotate", str(film), "-o", str(out), "-m", str(model), "--records",
         str(folder / "film.jsonl"), "--heatmaps", str(folder / "film.h5"), "--probabilities", "--crf", "10", *more],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder


def arrays_of(file):
    """Names of the arrays of an ``h5py.File``, those in groups too."""
    names = []
    file.visititems(lambda name, data: names.append(name) if isinstance(data, h5py.Dataset) else None)
    return names


def assert_equal(one, other):
    assert (one / "film.jsonl").read_text() == (other / "film.jsonl").read_text()
    with h5py.File(one / "film.h5") as here, h5py.File(other / "film.h5") as there:
        assert dict(here.attrs) == dict(there.attrs)
        assert arrays_of(here) == arrays_of(there)
        for name in arrays_of(here):
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
