"""What holds for every source, and one clear error for what cannot be read."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from makers import clips, pictures
from makers.cameras import Camera
from makers.contracts import check_feed, check_source
from makers.leftovers import nothing_left

from streamcam import ImageSource, VideoSource, open_source
from streamcam.errors import SourceError
from streamcam.sources.live.browser import BrowserSource
from streamcam.sources.live.exhibit import ExhibitSource
from streamcam.sources.live.live import LiveSource


def video(folder, camera):
    path = clips.write_clip(folder / "clip.mp4", 5)
    return lambda: VideoSource(path)


def image(folder, camera):
    cv2.imwrite(str(folder / "a.png"), clips.picture(0))
    return lambda: ImageSource(folder / "a.png")


def picture(kind, name):
    def make(folder, camera):
        path = pictures.wrote(folder / name, pictures.encoded(pictures.scene(), kind))
        return lambda: open_source(path)

    return make


def animation(kind):
    def make(folder, camera):
        path = pictures.wrote(folder / "a", pictures.animated(pictures.moving(5), kind, [40, 80, 40, 120, 500]))
        return lambda: open_source(path)

    return make


def live_file(folder, camera):
    path = clips.write_clip(folder / "clip.mp4", 60)
    return lambda: LiveSource(path)


def live_stream(folder, camera):
    return lambda: LiveSource(camera.url)


def browser(folder, camera):
    jpeg = cv2.imencode(".jpg", clips.picture(0))[1].tobytes()

    def make():
        source = BrowserSource()
        source.feed(jpeg)
        return source

    return make


def exhibit(folder, camera):
    return lambda: ExhibitSource(lambda: LiveSource(camera.url), attract_after=None)


FEEDS = [live_file, live_stream, browser, exhibit]


@pytest.fixture
def camera():
    with Camera() as camera:
        yield camera


PICTURES = ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF", "JPEG2000", "PPM"]
SOURCES = {
    "video": (video, 5),
    "image": (image, 1),
    **{f"{kind} image": (picture(kind, f"a.{kind}"), 1) for kind in PICTURES},
    **{f"{kind} animation": (animation(kind), 5) for kind in ("GIF", "WEBP", "PNG", "AVIF")},
    "live file": (live_file, 10),
    "live stream": (live_stream, 10),
    "browser": (browser, 1),
    "exhibit": (exhibit, 10),
}


@pytest.mark.parametrize(("source", "count"), SOURCES.values(), ids=SOURCES)
def test_every_source_keeps_the_protocol(source, count, camera, tmp_path):
    make = source(tmp_path, camera)
    with nothing_left():
        check_source(make, count)


@pytest.mark.parametrize("feed", FEEDS)
def test_every_live_source_keeps_the_protocol(feed, camera, tmp_path):
    make = feed(tmp_path, camera)
    with nothing_left():
        check_feed(make)


@pytest.mark.parametrize("make", ["video", "image"])
def test_every_source_gives_bgr_frames_in_order_and_closes(make, tmp_path):
    if make == "video":
        path = clips.write_clip(tmp_path / "a.mp4", 5)
    else:
        path = tmp_path / "a.png"
        cv2.imwrite(str(path), clips.picture(0))
    source, frames = clips.read(path)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert all(a.time < b.time for a, b in itertools.pairwise(frames))
    for frame in frames:
        assert frame.image.dtype == np.uint8
        assert frame.image.shape == (source.info.height, source.info.width, 3) == (48, 64, 3)
        np.testing.assert_allclose(frame.image[40, 40], clips.picture(frame.index)[40, 40], atol=6)
    assert source.lost == 0


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
            clips.read(tmp_path / name)
        message = str(caught.value)
        assert name in message
        assert "\n" not in message
        for start, reason in reasons.items():
            if name.startswith(start):
                assert reason in message
