"""The mark in what streamcam writes: found there, and nowhere else."""

from __future__ import annotations

import subprocess
from fractions import Fraction

import cv2
import numpy as np
import pytest
from makers import clips
from makers.needs import need_program

from streamcam import HeatmapSink, ImageSink, RecordSink, VideoInfo
from streamcam.annotation.file import make_header
from streamcam.sinks.commenting import with_comment
from streamcam.sinks.dataset import DatasetSink
from streamcam.sinks.mark import MARK, is_marked
from streamcam.sinks.opening import open_video

VIDEOS = ["mp4", "m4v", "mov", "mkv", "webm", "gif", "webp", "avi", "ts", "flv"]
IMAGES = ["jpg", "png", "webp", "tif", "tiff"]


def video(path, count=3):
    with open_video(path, VideoInfo(64, 48, Fraction(15))) as sink:
        for frame in clips.frames(count, rate=15):
            sink.write(frame, clips.explanation())
    return path


def image(path):
    with ImageSink(path) as sink:
        sink.write(clips.frames(1)[0], clips.explanation())
    return path


@pytest.mark.parametrize("ending", VIDEOS)
def test_videos_have_it_and_the_same_bytes_each_time(tmp_path, ending):
    one, other = video(tmp_path / f"a.{ending}"), video(tmp_path / f"b.{ending}")
    assert is_marked(one)
    assert one.read_bytes() == other.read_bytes()
    assert not is_marked(tmp_path / f"missing.{ending}")


@pytest.mark.parametrize("ending", VIDEOS)
def test_videos_of_others_have_not_whatever_their_names(tmp_path, ending):
    from streamcam.system.ffmpeg import av, open_container

    path = tmp_path / f"a.cam.{ending}"
    codec = {"gif": "gif", "webp": "libwebp_anim", "webm": "vp9"}.get(ending, "h264")
    with open_container(path, "w") as output:
        stream = output.add_stream(codec, rate=15)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "rgb8" if ending == "gif" else "yuv420p"
        output.metadata["title"] = "streamcam"
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(clips.picture(index), format="bgr24")
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    assert path.stat().st_size
    assert not is_marked(path)


@pytest.mark.parametrize("ending", IMAGES)
def test_images_have_it_and_their_pictures_stay(tmp_path, ending):
    path = image(tmp_path / f"虎.{ending}")
    assert is_marked(path)
    plain = cv2.imencode(f".{ending}", clips.picture(0), [cv2.IMWRITE_JPEG_QUALITY, 95] if ending == "jpg" else [])[1]
    (tmp_path / f"b.{ending}").write_bytes(plain.tobytes())
    assert not is_marked(tmp_path / f"b.{ending}")
    here = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(here, cv2.imdecode(plain, cv2.IMREAD_UNCHANGED))


@pytest.mark.parametrize("ending", [*IMAGES, "gif"])
def test_other_programs_read_marked_images(tmp_path, ending):
    need_program("ffmpeg")
    path = video(tmp_path / "a.gif") if ending == "gif" else image(tmp_path / f"a.{ending}")
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-frames:v", "1", tmp_path / "out.png"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    np.testing.assert_allclose(cv2.imread(str(tmp_path / "out.png"))[40, 40], clips.picture(0)[40, 40], atol=8)


@pytest.mark.parametrize("quality", [50, 101])
@pytest.mark.parametrize("channels", [3, 4])
def test_webp_of_every_kind_takes_a_comment(tmp_path, quality, channels):
    picture = np.dstack([clips.picture(1), np.full((48, 64), 100, np.uint8)])[..., :channels]
    data = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
    (tmp_path / "a.webp").write_bytes(with_comment(data, MARK))
    assert is_marked(tmp_path / "a.webp")
    for flag in (cv2.IMREAD_COLOR, cv2.IMREAD_UNCHANGED):
        marked = cv2.imdecode(np.fromfile(tmp_path / "a.webp", np.uint8), flag)
        np.testing.assert_array_equal(marked, cv2.imdecode(np.frombuffer(data, np.uint8), flag))


def test_tables_have_it_in_their_header(tmp_path):
    header = make_header("x.mp4", type("Explainer", (), {"describe": lambda self: {}, "labels": clips.LABELS})())
    for sink in (
        RecordSink(tmp_path / "a.jsonl", lambda: header, clips.LABELS),
        HeatmapSink(tmp_path / "a.h5", lambda: header),
        DatasetSink(tmp_path / "a.parquet", lambda: header, clips.LABELS),
    ):
        with sink:
            sink.write(clips.frames(1)[0], clips.explanation())
        assert is_marked(sink.output.path)


def test_what_is_not_media_or_broken_has_not(tmp_path):
    contents = {
        "empty": b"", "text": MARK.encode(), "json": b'{"comment": "annotated by streamcam"}\n', "list": b"[1, 2]",
        "mp4": b"\0\0\0\x18ftypisom" + b"\xff" * 40, "loop": b"\0\0\0\0ftyp" + b"\0" * 40, "mkv": b"\x1a\x45\xdf\xa3" + b"\xff" * 50,
        "png": b"\x89PNG\r\n\x1a\n" + b"\xff" * 50, "jpg": b"\xff\xd8\xff\xe0\0\0", "gif": b"GIF89a", "tif": b"II*\0\xff\xff\xff\xff",
        "webp": b"RIFF\xff\xff\xff\xffWEBPVP8X", "parquet": b"PAR1", "h5": b"\x89HDF\r\n\x1a\n",
    }  # fmt: skip
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
        assert not is_marked(tmp_path / name), name
    assert not is_marked(tmp_path)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm", "gif", "png", "jpg", "webp", "tiff"])
def test_files_that_break_off_anywhere_are_no_trouble(tmp_path, ending):
    data = (video if ending in VIDEOS and ending != "webp" else image)(tmp_path / f"a.{ending}").read_bytes()
    for length in range(0, len(data), max(1, len(data) // 97)):
        (tmp_path / "b").write_bytes(data[:length])
        is_marked(tmp_path / "b")


def test_the_mark_survives_a_copy_by_another_program(tmp_path):
    need_program("ffmpeg")
    for ending in ("mp4", "mkv", "webm"):
        video(tmp_path / f"a.{ending}", 20)
        subprocess.run(
            ["ffmpeg", "-v", "error", "-i", tmp_path / f"a.{ending}", "-c", "copy", tmp_path / f"b.{ending}"],
            check=True,
        )
        assert is_marked(tmp_path / f"b.{ending}")
