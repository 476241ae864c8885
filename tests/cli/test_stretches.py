"""A stretch of a video, cut with its sound; a video into standard output."""

from __future__ import annotations

import io
import subprocess
import sys

import av
import cv2
import numpy as np
import pytest
from makers import clips
from makers.runs import read_records

from streamcam.batch.settings import AnnotationSettings
from streamcam.errors import OptionError


@pytest.fixture
def film(tmp_path):
    """Two seconds at 30 frames a second, keyframes every second, with sound."""
    return clips.write_clip(tmp_path / "a.mp4", 60, audio="aac", options={}, noise=False)


@pytest.mark.parametrize(
    ("options", "first", "count"),
    [
        (["--start", "0.5"], 15, 45),
        (["--end", "1"], 0, 30),
        (["--start", "0:00:00.5", "--duration", "1"], 15, 30),
        (["--start", "1", "--end", "1.5"], 30, 15),
        (["--start", "1", "--end", "60"], 30, 30),
    ],
)
def test_a_stretch_is_what_the_whole_has_there(cli, small_model, film, tmp_path, options, first, count):
    code, _, err = cli(
        "annotate", "a.mp4", "--alpha", 0, "--no-hud", "-m", small_model, *options, "--records", "r.jsonl"
    )
    assert code == 0, err
    frames, whole = clips.decoded(tmp_path / "a.cam.mp4"), clips.decoded(film)
    assert len(frames) == count
    times = [time for time, _ in frames]
    np.testing.assert_allclose(np.array(times) - times[0], np.arange(count) / 30, atol=1e-3)
    changes = [
        np.abs(a.mean(axis=(0, 1)) - b.mean(axis=(0, 1))).max()
        for (_, a), (_, b) in zip(frames, whole[first:], strict=False)
    ]
    assert max(changes) < 4
    header, *records = read_records(tmp_path / "r.jsonl")
    assert ("start" in header, "end" in header) == (first > 0, "--end" in options or "--duration" in options)
    assert [record["frame"] for record in records] == list(range(count))
    assert records[0]["time"] == pytest.approx(0, abs=1e-6)
    sound = clips.audio_packets(tmp_path / "a.cam.mp4")
    assert abs(sound[-1][0] - sound[0][0] - count / 30) < 0.06  # packets are 21 ms long


def test_a_stretch_behind_the_end_is_refused_and_images_are_whole(cli, small_model, film, tmp_path):
    cv2.imwrite(str(tmp_path / "b.png"), clips.picture(0, 200, 150))
    code, out, err = cli("annotate", "a.mp4", "b.png", "--start", "1:00", "-m", small_model)
    assert code == 1
    assert "b.png -> b.cam.png: 1 frame" in out
    assert [line[:13] for line in err.splitlines() if line.startswith("error")] == ["error: a.mp4:"]
    assert not list(tmp_path.glob("a.cam*"))


def test_a_stretch_is_part_of_what_identifies_a_result(cli, small_model, film, tmp_path):
    (tmp_path / "in").mkdir()
    film.rename(tmp_path / "in" / "a.mp4")
    for more in ([], ["-j", "2", "--split", "0.4"]):
        code, out, err = cli("annotate", "in", "-o", "out", "--end", "1", "-m", small_model, *more)
        assert code == 0, err
    assert "1 of 1 inputs done" in err or out == ""
    code, _, err = cli("annotate", "in", "-o", "out", "-m", small_model)
    assert (code, "1 result made with other settings" in err) == (1, True)
    assert AnnotationSettings().identity == AnnotationSettings(start=0.0, end=None).identity
    assert AnnotationSettings(start=1).identity != AnnotationSettings().identity != AnnotationSettings(end=1).identity


@pytest.mark.parametrize("wrong", [{"start": -1}, {"start": 2, "end": 2}, {"end": 0}, {"start": float("nan")}])
def test_python_is_told_too(wrong):
    with pytest.raises(OptionError):
        AnnotationSettings(**wrong).check()


def test_standard_output_takes_a_video_and_nothing_else(small_model, film, tmp_path):
    command = [sys.executable, "-m", "streamcam", "annotate", "-m", str(small_model)]

    def run(*arguments, data=b""):
        return subprocess.run(
            [*command, *map(str, arguments)], input=data, cwd=tmp_path, capture_output=True, timeout=200, check=False
        )

    done = run("-", "-o", "-", "--records", "r.jsonl", data=film.read_bytes())
    assert done.returncode == 0, done.stderr
    with av.open(io.BytesIO(done.stdout)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 60
    assert "- -> -: 60 frames" in done.stderr.decode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "r.jsonl"]
    for wrong in (["a.mp4", "b.mp4"], ["."], ["a.mp4", "-j", 2], ["a.mp4", "--report", "r.html"]):
        refused = run(*wrong, "-o", "-")
        assert (refused.returncode, refused.stdout) == (2, b""), wrong
    gone = subprocess.Popen(
        [*command, "a.mp4", "-o", "-"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    gone.stdout.close()
    errors = [line for line in gone.stderr.read().decode().splitlines() if line.startswith("error")]
    gone.stderr.close()
    assert (gone.wait(), errors) == (1, ["error: standard output: the program that reads it has ended"])
