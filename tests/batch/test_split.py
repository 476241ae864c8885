"""Where long videos can be cut, and what a part is read from."""

from __future__ import annotations

import itertools

import av
import numpy as np
from makers import clips, films

from streamcam.batch.split import PartSource, SplitError, borders, cut, index_frames


def test_the_layout_is_that_of_the_frames(film):
    found = index_frames(film)
    assert len(found.times) == films.FRAMES
    assert found.keys[:2] == (0, 30)
    times = [time for time, _ in clips.decoded(film)]
    np.testing.assert_allclose(found.times, times, atol=1e-6)
    marks = borders(found, 6, 1)
    assert marks[0] == 0
    assert marks[-1] == films.FRAMES
    assert all(mark in found.keys for mark in marks[:-1])
    assert min(found.times[b - 1] - found.times[a] for a, b in itertools.pairwise(marks)) > 2.9
    assert borders(found, 6, 7)[1:-1] == [key for key in borders(found, 6, 7)[1:-1] if key % 7 == 0]


def test_groups_of_pictures_that_overlap_are_not_cut(tmp_path):
    path = tmp_path / "open.ts"
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg2video", rate=30, options={"g": "12", "bf": "2"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(120):
            container.mux(video.encode(av.VideoFrame.from_ndarray(clips.picture(index), format="bgr24")))
        container.mux(video.encode(None))
    assert index_frames(path) is None


def test_a_stream_that_cannot_be_entered_where_it_is_cut_is_refused(tmp_path):
    path = tmp_path / "in.ts"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=30, options={"g": "10", "bf": "2", "x264-params": "scenecut=0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        for index in range(120):
            container.mux(video.encode(av.VideoFrame.from_ndarray(clips.picture(index), format="bgr24")))
        container.mux(video.encode(None))
    found = index_frames(path)
    assert found
    for first in found.keys[1:5]:
        try:
            part = cut(found, first, first + 10, 0, 1, tmp_path)
        except SplitError:
            continue
        with PartSource(path, part) as source:
            begins = next(iter(source)).image.astype(int)
        assert np.abs(begins - clips.picture(first)).mean() < 12
