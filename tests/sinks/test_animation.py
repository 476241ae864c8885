"""GIF and animated WebP, decoded by other programs than the one that wrote them."""

from __future__ import annotations

import subprocess
from fractions import Fraction

import cv2
import numpy as np
import pytest
from makers import clicks, clips
from makers.needs import need_program

from streamcam import Encoding, Frame, VideoInfo, VideoSource
from streamcam.errors import OutputExistsError, SinkError, StreamcamWarning
from streamcam.sinks.animation import AnimationSink
from streamcam.sinks.opening import open_video

ENDINGS = ["gif", "webp"]


def write(path, frames, info=None, **options):
    height, width = frames[0].image.shape[:2]
    with open_video(path, info or VideoInfo(width, height, Fraction(15)), encoding=Encoding(**options)) as sink:
        for frame in frames:
            sink.write(frame, None)
    assert isinstance(sink, AnimationSink)
    return path


def read(path):
    """BGR pictures and how long each is shown in milliseconds, by OpenCV."""
    done, animation = cv2.imreadanimation(str(path))
    assert done
    return [np.ascontiguousarray(image[..., :3]) for image in animation.frames], list(animation.durations)


@pytest.fixture
def photo(cat):
    return cv2.resize(cat, (320, 240), interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("ending", ENDINGS)
def test_pictures_and_times_are_the_sources(tmp_path, photo, ending):
    moved = [np.roll(photo, 3 * i, axis=1) for i in range(12)]
    path = write(tmp_path / f"a.{ending}", [Frame(image, i, i / 10) for i, image in enumerate(moved)])
    images, durations = read(path)
    assert len(images) == 12
    assert durations[:-1] == [100] * 11
    for image, original in zip(images, moved, strict=True):
        assert image.shape == original.shape
        assert cv2.PSNR(image, original) > 28
        assert np.abs(image.mean((0, 1)) - original.mean((0, 1))).max() < 3


@pytest.mark.parametrize("ending", ENDINGS)
def test_wide_and_fast_clips_become_postable_and_say_so(tmp_path, photo, ending):
    source = clicks.write(tmp_path / "in.mp4", seconds=2)
    with VideoSource(source) as clip:
        info = clip.info
    wide = cv2.resize(photo, (1281, 721))
    info = VideoInfo(1281, 721, Fraction(30), audio=info.audio)
    frames = [Frame(np.roll(wide, 4 * i, axis=1), i, i / 30) for i in range(60)]
    with pytest.warns(
        StreamcamWarning, match=r"from 1281x721 to 480x270 .* 30 to 15 .*--max-width.*without sound"
    ) as said:
        path = write(tmp_path / f"a.{ending}", frames, info)
    assert len(said) == 1
    images, durations = read(path)
    assert images[0].shape == (270, 480, 3)
    assert len(images) == 30
    assert sum(durations) == pytest.approx(2000, abs=30)
    with pytest.warns(StreamcamWarning, match="from 1281x721 to 800x450"):
        path = write(tmp_path / f"b.{ending}", frames, info, max_width=800, max_fps=30)
    images, _ = read(path)
    assert images[0].shape == (450, 800, 3)
    assert len(images) == 60


@pytest.mark.parametrize("ending", ENDINGS)
def test_small_clips_are_left_as_they_are_without_a_word(tmp_path, ending):
    frames = [Frame(clips.picture(i, 63, 47), i, i / 12) for i in range(6)]
    images, _ = read(write(tmp_path / f"a.{ending}", frames, VideoInfo(63, 47, Fraction(12))))
    assert len(images) == 6
    odd = 0 if ending == "gif" else 1  # yuv420p has even sides
    assert images[0].shape == (47 + odd, 63 + odd, 3)


def test_pixels_that_are_not_square_become_so(tmp_path):
    frames = [Frame(clips.picture(i, 72, 57), i, i / 5) for i in range(3)]
    images, _ = read(write(tmp_path / "a.gif", frames, VideoInfo(72, 57, Fraction(5), pixel_aspect=Fraction(16, 9))))
    assert images[0].shape == (57, 128, 3)


def test_each_stretch_of_a_long_gif_has_its_colours(tmp_path):
    ramps = [np.zeros((60, 80, 3), np.uint8) for _ in range(3)]
    for channel, ramp in enumerate(ramps):
        ramp[..., channel] = np.linspace(0, 255, 80).astype(np.uint8)
        ramp[..., (channel + 1) % 3] = np.linspace(0, 255, 60).astype(np.uint8)[:, None]
    frames = [Frame(ramps[i // 20 % 3], i, i / 2) for i in range(60)]
    images, _ = read(write(tmp_path / "a.gif", frames))
    assert len(images) == 60
    for index in (0, 19, 20, 39, 40, 59):
        assert cv2.PSNR(images[index], frames[index].image) > 28


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_variable_rate_is_kept(tmp_path, ending):
    times = [0.0, 0.1, 0.2, 1.0, 1.1, 3.0]
    frames = [Frame(clips.picture(i * 3), i, time) for i, time in enumerate(times)]
    _, durations = read(write(tmp_path / f"a.{ending}", frames))
    assert durations[:5] == [100, 100, 800, 100, 1900]


def test_another_program_plays_a_gif_again_and_again(tmp_path):
    need_program("ffprobe")
    path = write(tmp_path / "a.gif", clips.frames(10, rate=10))
    command = [
        "ffprobe",
        "-v",
        "error",
        "-count_frames",
        "-show_entries",
        "stream=codec_name,nb_read_frames",
        "-of",
        "csv=p=0",
    ]
    assert subprocess.run([*command, path], capture_output=True, text=True, check=True).stdout.strip() == "gif,10"
    assert b"NETSCAPE2.0\x03\x01\x00\x00" in path.read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_frames_give_the_same_bytes(tmp_path, photo, ending):
    frames = [Frame(np.roll(photo, 5 * i, axis=0), i, i / 15) for i in range(8)]
    assert write(tmp_path / f"a.{ending}", frames).read_bytes() == write(tmp_path / f"b.{ending}", frames).read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_there_is_after_an_error_plays(tmp_path, ending):
    with (
        pytest.raises(ZeroDivisionError),
        AnimationSink(tmp_path / f"a.{ending}", VideoInfo(64, 48, Fraction(15))) as sink,
    ):
        for frame in clips.frames(5, rate=15):
            sink.write(frame, None)
        raise ZeroDivisionError
    images, _ = read(sink.output.part)
    assert len(images) == 5


def test_quality_of_webp_is_crf(tmp_path, photo):
    frames = [Frame(photo, i, i / 15) for i in range(3)]
    fine, coarse = (write(tmp_path / f"{crf}.webp", frames, crf=crf).stat().st_size for crf in (5, 45))
    assert coarse < fine / 2


def test_options_without_meaning_are_refused_by_name(tmp_path):
    for ending, option in (("gif", "codec"), ("webp", "codec"), ("gif", "crf")):
        encoding = Encoding(codec="h264") if option == "codec" else Encoding(crf=20)
        with pytest.raises(SinkError, match=f"^--{option} "):
            AnimationSink(tmp_path / f"a.{ending}", VideoInfo(64, 48, Fraction(15)), encoding=encoding)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_not_replaced(tmp_path):
    path = write(tmp_path / "a.gif", clips.frames(2, rate=10))
    with pytest.raises(OutputExistsError):
        AnimationSink(path, VideoInfo(64, 48, Fraction(15)))
