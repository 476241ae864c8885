"""No encoder makes the program run before everything else."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from streamcam import Frame, VideoSink
from streamcam.settings import Encoding
from streamcam.types import VideoInfo

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="Linux")


def policies():
    found = set()
    for thread in Path("/proc/self/task").iterdir():
        try:
            found.add(os.sched_getscheduler(int(thread.name)))
        except ProcessLookupError:
            continue
    return found


def test_the_av1_encoder_runs_like_everything_else(tmp_path):
    before = policies()
    info = VideoInfo(128, 96, Fraction(25))
    with VideoSink(tmp_path / "a.mkv", info, encoding=Encoding(codec="libsvtav1", preset="ultrafast")) as sink:
        for index in range(5):
            sink.write(Frame(np.full((96, 128, 3), 40 * index, np.uint8), index, index / 25), None)
        assert policies() <= before
        assert os.sched_getscheduler(0) == os.SCHED_OTHER
    assert policies() <= before
    assert (tmp_path / "a.mkv").stat().st_size > 0
