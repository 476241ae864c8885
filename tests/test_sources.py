"""Frames in: upright, at the right time, and one clear error for what cannot be read."""

from __future__ import annotations

import itertools
import os
import struct
import tempfile
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from makers import clips

from streamcam import ImageSource, VideoSource, open_source
from streamcam.errors import SourceError
from streamcam.sources.inputs import files_of


def read(path):
    with open_source(path) as source:
        frames = list(source)
    return source, frames


# --- the contract of every source


@pytest.mark.parametrize("make", ["video", "image"])
def test_every_source_gives_bgr_frames_in_order_and_closes(make, tmp_path):
    if make == "video":
        path = clips.write_clip(tmp_path / "a.mp4", 5)
    else:
        path = tmp_path / "a.png"
        cv2.imwrite(str(path), clips.picture(0))
    source, frames = read(path)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert all(a.time < b.time for a, b in itertools.pairwise(frames))
    for frame in frames:
        assert frame.image.dtype == np.uint8
        assert frame.image.shape == (source.info.height, source.info.width, 3) == (48, 64, 3)
        np.testing.assert_allclose(frame.image[40, 40], clips.picture(frame.index)[40, 40], atol=6)
    assert source.lost == 0


# --- times and rates


@pytest.mark.parametrize(
    ("name", "rate"),
    [("a.mp4", Fraction(30000, 1001)), ("a.mkv", Fraction(30000, 1001)), ("a.mp4", Fraction(24000, 1001)), ("a.mkv", Fraction(24000, 1001)),
     ("a.mp4", Fraction(25)), ("a.mov", Fraction(60000, 1001)), ("a.avi", Fraction(15)), ("a.mp4", Fraction(25, 2))],
)  # fmt: skip
def test_the_frame_rate_is_exact(tmp_path, name, rate):
    base = Fraction(1, 1000) if name.endswith("mkv") else 1 / rate if name.endswith("avi") else Fraction(1, 30_000 * 24)
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    source, frames = read(clips.write_clip(tmp_path / name, 40, rate=rate, time_base=base, codec=codec))
    assert source.info.frame_rate == rate
    assert len(frames) == 40
    assert frames[-1].time == pytest.approx(float(39 / rate), abs=1e-3)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_variable_frame_rate_is_kept(tmp_path, name):
    ticks = np.cumsum([0, 33, 33, 100, 17, 50, 400, 33, 33]).tolist()
    _, frames = read(clips.write_clip(tmp_path / name, ticks, time_base=Fraction(1, 1000)))
    np.testing.assert_allclose([frame.time for frame in frames], np.array(ticks) / 1000, atol=1e-4)


def test_a_picture_that_starts_after_the_sound_keeps_its_distance(tmp_path):
    path = clips.write_clip(
        tmp_path / "late.mkv", [500, 533, 567], time_base=Fraction(1, 1000), audio="aac", audio_seconds=1
    )
    _, frames = read(path)
    expected = [time for time, _ in clips.decoded(path)]
    np.testing.assert_allclose([frame.time for frame in frames], expected, atol=1e-6)
    assert expected[0] > 0.4


def test_unknown_frame_count(tmp_path):
    source, frames = read(clips.write_clip(tmp_path / "a.mkv", 12))
    assert source.info.frame_count is None
    assert len(frames) == 12


def test_facts_of_a_clip_with_sound(tmp_path):
    info = VideoSource(clips.write_clip(tmp_path / "a.mp4", 30, audio="aac")).info
    assert (info.width, info.height, info.frame_count, info.live) == (64, 48, 30, False)
    assert info.duration == pytest.approx(1.0)
    assert info.has_audio
    assert info.time_base == Fraction(1, 15_360)
    assert not VideoSource(clips.write_clip(tmp_path / "b.mp4", 3)).info.has_audio


def test_frames_are_turned_upright(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", 3)
    data = path.read_bytes()
    straight = struct.pack(">9i", 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
    quarter_turn = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 48 << 16, 0, 1 << 30)
    header = data.index(b"tkhd")
    at = data.index(straight, header)
    path.write_bytes(data[:at] + quarter_turn + data[at + 36 :])
    source, frames = read(path)
    assert (source.info.width, source.info.height) == (48, 64)
    assert frames[0].image.shape == (64, 48, 3)
    expected = np.rot90(clips.picture(0), -1)  # clockwise
    assert np.abs(frames[0].image.astype(int) - expected).mean() < 6


def test_images_are_turned_upright_and_made_bgr(tmp_path):
    from PIL import Image

    picture = clips.picture(0)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    Image.fromarray(picture[..., ::-1]).save(tmp_path / "a.jpg", exif=exif, quality=95)
    cv2.imwrite(str(tmp_path / "gray.png"), picture[..., 0])
    cv2.imwrite(str(tmp_path / "deep.png"), picture.astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "alpha.png"), np.dstack([picture, picture[..., 0]]))
    assert ImageSource(tmp_path / "a.jpg").info.width == 48
    for name in ("gray", "deep", "alpha"):
        [frame] = ImageSource(tmp_path / f"{name}.png")
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
    np.testing.assert_array_equal(next(iter(ImageSource(tmp_path / "deep.png"))).image, picture)


# --- what cannot be read


def broken_inputs(folder):
    good = clips.write_clip(folder / "good.mp4", 30, audio="aac").read_bytes()
    _, png = cv2.imencode(".png", clips.picture(0))
    _, jpg = cv2.imencode(".jpg", np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8))
    files = {
        "empty.mp4": b"",
        "empty.png": b"",
        "text.mp4": b"this is no video\n" * 100,
        "text.png": b"this is no picture\n" * 100,
        "random.mp4": np.random.default_rng(1).bytes(5000),
        "cut.mp4": good[: good.index(b"moov") - 10],
        "cut.png": png.tobytes()[: len(png) // 2],
        "cut.jpg": jpg.tobytes()[: len(jpg) // 2],
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    clips.write_clip(folder / "sound.m4a.mp4", 1, audio="aac")
    _sound_only(folder / "sound.mp4")
    (folder / "folder.mp4").mkdir()
    return [*files, "missing.mp4", "missing.png", "sound.mp4", "folder.mp4"]


def _sound_only(path):
    from streamcam.system.ffmpeg import av

    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=48_000, layout="stereo")
        chunk = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        chunk.sample_rate = 48_000
        container.mux(sound.encode(chunk))
        container.mux(sound.encode(None))


def test_what_cannot_be_read_is_one_clear_line(tmp_path):
    reasons = {
        "missing": "no such file",
        "empty": "empty",
        "sound": "sound but no picture",
        "cut.mp4": "cut off",
        "folder": "folder",
    }
    for name in broken_inputs(tmp_path):
        with pytest.raises(SourceError) as caught:
            read(tmp_path / name)
        message = str(caught.value)
        assert name in message
        assert "\n" not in message
        for start, reason in reasons.items():
            if name.startswith(start):
                assert reason in message


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_a_file_without_permission_is_named():
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        path = clips.write_clip(Path(folder) / "a.mp4", 3)
        path.chmod(0)
        user = os.geteuid()
        if user == 0:  # root may read everything, so be somebody else for a moment
            os.seteuid(65534)
        try:
            with pytest.raises(SourceError, match="Permission denied"):
                VideoSource(path)
        finally:
            os.seteuid(user)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceError, match="pipe"):
        VideoSource(tmp_path / "pipe.mp4")


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_file_that_breaks_off_gives_what_it_has_and_reports_the_loss(tmp_path, name):
    options = {"movflags": "faststart"} if name.endswith("mp4") else {}
    path = clips.write_clip(tmp_path / name, 300, size=(160, 120), audio="aac", options=options)
    assert read(path)[0].lost == 0
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    source, frames = read(path)
    assert 100 < len(frames) < 250
    if name == "a.ts":  # a transport stream promises nothing: it ends where it ends
        assert source.lost == 0
    else:
        assert source.lost == pytest.approx(300 - len(frames), abs=2)


def test_damage_in_the_middle_is_reported(tmp_path):
    path = clips.write_clip(tmp_path / "a.mp4", 200, size=(160, 120), noise=True, options={"movflags": "faststart"})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) * 6 // 10] = bytes(len(data) * 6 // 10 - len(data) // 2)
    path.write_bytes(data)
    source, frames = read(path)
    assert 150 < len(frames) < 200  # what lies behind the damage is read too
    assert source.lost == 200 - len(frames)
    assert frames[-1].time == pytest.approx(199 / 30)


def test_sound_that_runs_on_is_no_loss(tmp_path):
    for name in ("a.mp4", "a.mkv"):
        source, _ = read(clips.write_clip(tmp_path / name, 30, audio="aac", audio_seconds=6))
        assert source.lost == 0


# --- what people name


def test_files_folders_and_globs(tmp_path):
    for name in ("b.mp4", "a.png", "x.txt", ".hidden.mp4", "b.cam.mp4", "deep/c.MOV", ".cache/d.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def names(given):
        return [path.relative_to(tmp_path).as_posix() for path in files_of(given)]

    assert names(tmp_path) == ["a.png", "b.mp4", "deep/c.MOV"]
    assert names(str(tmp_path / "*.mp4")) == ["b.mp4"]
    assert names(str(tmp_path / "**" / "*.*")) == ["a.png", "b.mp4", "deep/c.MOV"]
    assert names(tmp_path / "x.txt") == ["x.txt"]
    with pytest.raises(SourceError, match="no video or image"):
        files_of(str(tmp_path / "*.webm"))
    (tmp_path / "none").mkdir()
    with pytest.raises(SourceError, match="no video or image in this folder"):
        files_of(tmp_path / "none")
