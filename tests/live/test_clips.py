"""A video classifier in a live session: on a real stream, with frames that pass while it waits for enough of them."""

from __future__ import annotations

import numpy as np
from makers.sessions import Keep

from streamcam.live.watch import watch
from streamcam.settings import ExplainSettings, ModelSettings


def test_the_newest_clip_is_explained_while_the_picture_goes_on(camera):
    keep = Keep()
    explain = ExplainSettings(clip_stride=1, precision="f32")
    result = watch(
        camera.url, model=ModelSettings(model="motions"), explain=explain, window=False, seconds=12, sinks=[keep]
    )
    assert result.stats.frames.explained > 20
    assert result.stats.ms["map_age"].p50 is not None  # how old the answer is
    first = next(number for number, (_, explanation) in enumerate(keep.shown) if explanation is not None)
    fresh = [frame for frame, _ in keep.shown[: first + 1] if frame.fresh]
    assert len(fresh) >= 16  # the picture does not wait for a clip
    known = [(frame, explanation) for frame, explanation in keep.shown if explanation is not None]
    for frame, explanation in known:
        assert len(explanation.clip.times) == 16
        assert explanation.time == explanation.clip.times[-1] <= frame.time + 1e-6  # of its newest moment
        assert (np.diff(explanation.clip.times) > 0).all()
        assert explanation.heat is not None
    assert len({explanation.index for _, explanation in known}) > 20
