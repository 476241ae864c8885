"""Files, folders and globs, as people name them, and what is left out of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from makers.needs import need

from streamcam.errors import SourceError
from streamcam.sources.inputs import VIDEO_SUFFIXES, files_of, find, is_named_as_result


def fill(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).touch()


def test_files_folders_and_globs(tmp_path):
    fill(tmp_path, "b.mp4", "a.png", "x.txt", ".hidden.mp4", "b.cam.mp4", "deep/c.MOV", ".cache/d.mp4")

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


def test_what_is_a_result_is_asked_of_the_file(tmp_path):
    fill(tmp_path, "garage.cam.mp4", "heat.mp4", "clip.mp4", "clip.jsonl", "their.jsonl")
    found = find(tmp_path, is_result=lambda path: path.name in ("heat.mp4", "clip.jsonl"))
    assert [path.name for path in found.files] == ["clip.mp4", "garage.cam.mp4"]
    lines = {some.why: (str(some), some.is_news) for some in found.left_out}
    assert lines["result"] == (f"{tmp_path}: left out: made by streamcam: {tmp_path / 'heat.mp4'}", False)
    assert lines["ending"] == (f"{tmp_path}: left out by the ending of its name: 1 .jsonl", True)
    assert is_named_as_result(Path("a.cam.mp4"))
    assert not is_named_as_result(Path("cam.mp4"))


def test_endings_that_are_not_taken_are_counted(tmp_path):
    fill(tmp_path, "a.mp4", "1.txt", "deep/2.TXT", "3.pdf", "LICENSE", ".DS_Store", ".git/config.txt")
    [left_out] = find(tmp_path).left_out
    line = f"{tmp_path}: left out by the ending of their names: 2 .txt, 1 .pdf, 1 without an ending"
    assert (str(left_out), left_out.is_news) == (line, True)
    (tmp_path / "a.mp4").unlink()
    with pytest.raises(SourceError, match=r"no video or image in this folder \(left out by .* 2 \.txt"):
        find(tmp_path)
    fill(tmp_path, "a.mp4")
    [left_out] = find(str(tmp_path / "[a3].*")).left_out
    assert str(left_out).endswith("left out by the ending of its name: 1 .pdf")


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_links_that_lead_to_no_file_are_named(tmp_path):
    fill(tmp_path, "in/a.mp4", "other/b.mp4")
    folder = tmp_path / "in"
    (folder / "good.mp4").symlink_to(tmp_path / "other" / "b.mp4")
    (folder / "gone.mp4").symlink_to("nowhere.mp4")
    (folder / "self.mp4").symlink_to("self.mp4")
    (folder / "up").symlink_to("..")
    (folder / "other").symlink_to(tmp_path / "other")
    os.mkfifo(folder / "pipe.mp4")
    found = find(folder)
    assert [path.name for path in found.files] == ["a.mp4", "good.mp4"]
    assert {some.why: [path.name for path in some.paths] for some in found.left_out} == {
        "link to nowhere": ["gone.mp4"],
        "link in a circle": ["self.mp4", "up"],
        "link to a folder": ["other"],
        "no file": ["pipe.mp4"],
    }
    assert f"{folder}: left out: a link that leads nowhere: {folder / 'gone.mp4'}" in map(str, found.left_out)


@pytest.mark.skipif(os.name == "nt", reason="folders are locked in another way there")
@pytest.mark.parametrize("pattern", ["", "**/*.mp4"])
def test_folders_that_cannot_be_looked_into_are_errors(pattern):
    root = Path(tempfile.mkdtemp())  # where another user may look, which pytest's folders forbid
    try:
        fill(root, "a.mp4", "locked/b.mp4", "locked/deeper/c.mp4")
        root.chmod(0o755)
        (root / "locked").chmod(0)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            found = find(str(root / pattern) if pattern else root)
            with pytest.raises(SourceError, match="cannot be looked into"):
                files_of(root)
        finally:
            if is_root:
                os.seteuid(0)
        assert [path.name for path in found.files] == ["a.mp4"]
        [unreadable] = found.unreadable
        assert str(unreadable) == f"{root / 'locked'}: cannot be looked into (Permission denied)"
    finally:
        (root / "locked").chmod(0o755)
        shutil.rmtree(root)


MADE_BY = {
    ".mxf": ["-c:v", "mpeg2video"], ".vob": ["-c:v", "mpeg2video"], ".dv": ["-c:v", "dvvideo", "-pix_fmt", "yuv420p"],
    ".m2v": ["-c:v", "mpeg2video"], ".m1v": ["-c:v", "mpeg1video"], ".mpv": ["-c:v", "mpeg1video", "-f", "mpeg1video"],
    ".asf": ["-c:v", "msmpeg4"], ".divx": ["-c:v", "mpeg4", "-f", "avi"], ".rm": ["-c:v", "rv20", "-s", "352x288"],
    ".f4v": ["-c:v", "libx264"], ".y4m": ["-pix_fmt", "yuv420p"], ".ivf": ["-c:v", "libvpx"], ".h264": ["-c:v", "libx264"],
    ".hevc": ["-c:v", "libx265"], ".mod": ["-c:v", "mpeg2video", "-f", "vob"], ".tod": ["-c:v", "mpeg2video", "-f", "mpegts"],
    ".ogm": ["-c:v", "libvpx", "-f", "ogg"], ".qt": ["-c:v", "mjpeg", "-f", "mov"], ".nut": ["-c:v", "ffv1"],
    ".3g2": ["-c:v", "libx264"], ".wtv": ["-c:v", "mpeg2video"], ".mk3d": ["-c:v", "libx264", "-f", "matroska"],
}  # fmt: skip


@pytest.mark.parametrize("ending", MADE_BY)
def test_what_is_taken_by_its_ending_can_be_demuxed(tmp_path, ending):
    from streamcam.system.ffmpeg import av

    need(shutil.which("ffmpeg"), "ffmpeg makes files of many kinds")
    path = tmp_path / f"clip{ending}"
    made = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=720x576:rate=25:duration=0.3",
         *MADE_BY[ending], str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    need(made.returncode == 0, f"this FFmpeg makes no {ending}: {made.stderr[-100:]}")
    assert ending in VIDEO_SUFFIXES
    assert files_of(tmp_path) == [path]
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).width in (720, 352)
