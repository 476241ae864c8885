"""What is left of an output when its process is killed or the disk is full."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from makers import clips

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
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1], **more,
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
    assert len(clips.read_by_opencv(part)) >= 60


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
