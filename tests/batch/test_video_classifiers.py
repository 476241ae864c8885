"""Video classifiers over files: long ones in parts, short ones refused."""

from __future__ import annotations

import h5py
import pytest
from makers import clips, films, video_models
from makers.runs import read_records, streamcam


@pytest.fixture(scope="module")
def video_model(shared):
    return (
        shared("video-model", lambda folder: video_models.ALL["lstm"]().model.save(folder / "lstm.keras"))
        / "lstm.keras"
    )


@pytest.mark.parametrize(
    "how",
    [
        ("--clip-stride", "2", "--clip-hop", "4"),
        ("--clip-fps", "12.5", "--clip-hop", "3"),
        ("--target", "3", "--clip-hop", "8"),
    ],
)
def test_a_long_video_in_parts_is_what_it_is_in_one_piece(film, video_model, tmp_path, how):
    options = ["--scale", "clip", *how]
    whole = films.annotate(film, tmp_path / "whole", video_model, *options)
    parts = films.annotate(film, tmp_path / "parts", video_model, *options, "-j", "2", "--split", "0.1")
    films.assert_equal(whole, parts)
    with h5py.File(whole / "film.h5") as file:
        held = file["clips/frame"][:]
        assert file["clips/heatmaps"].shape == (len(held), 1, 8, 8, 11)
        assert (held[1:, 0] > held[:-1, 0]).all()  # each once, in order
        assert file["heatmaps"].shape == (films.FRAMES, 1, 8, 11)


def test_what_is_too_short_is_named_and_the_others_are_done(video_model, tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    clips.write_clip(source / "short.mp4", 5)
    clips.write_clip(source / "long.mp4", 20)
    done = streamcam("annotate", "in", "-o", "out", "--records", "out", "-m", video_model, cwd=tmp_path)
    assert done.returncode == 1
    [line] = [line for line in done.stderr.splitlines() if line.startswith("error: ") and "short.mp4" in line]
    assert "short.mp4: too short for a video classifier: 5 frames, without a clip of 8" in line
    assert (tmp_path / "out" / "long.cam.mp4").exists()
    assert not list((tmp_path / "out").glob("*.part*"))
    header, *rows = read_records(tmp_path / "out" / "long.jsonl")
    assert (header["clip_frames"], header["clip_stride"], header["clip_hop"]) == (8, 1, 1)
    assert len(rows) == 20
    for row in rows:
        assert row["frame"] in row["clip"]["frames"]
        [target] = row["clip"]["targets"]
        assert sum(target["shares"]) == pytest.approx(1, abs=0.01)
        assert len(target["shares"]) == len(row["clip"]["times"]) == 8


def test_a_length_that_does_not_fit_is_said_once(video_model, tmp_path):
    clips.write_clip(tmp_path / "a.mp4", 20)
    for options, reason in (
        (["--clip-frames", "12"], "lstm.keras: takes clips of 8 frames only, not of 12"),
        (["--every", "3"], "every 3: a video classifier sees each frame; --clip-hop says how often it is asked"),
    ):
        done = streamcam("annotate", "a.mp4", "-o", "b.mp4", "-m", video_model, *options, cwd=tmp_path)
        assert done.returncode != 0
        assert [line for line in done.stderr.splitlines() if reason in line], done.stderr
