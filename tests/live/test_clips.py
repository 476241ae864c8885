"""A video classifier in a live session: on a real stream, with frames that pass while it waits for enough of them."""

from __future__ import annotations

import numpy as np
import pytest
from makers.sessions import Keep

from streamcam import ClipGradCAM, Frame, Overlay, load_model
from streamcam.errors import OptionError
from streamcam.iteration import NotYet
from streamcam.live.controls import Controls
from streamcam.live.explainer import LiveExplainer
from streamcam.live.stats import Stats
from streamcam.live.watch import watch
from streamcam.settings import ExplainSettings, ModelSettings
from streamcam.sources.live.live import LiveSource


def test_the_newest_clip_is_explained_while_the_picture_goes_on(camera):
    keep = Keep()
    # Converted before: the session is about frames.
    ClipGradCAM(load_model("motions"), precision="f32").explain_clip(np.zeros((16, 240, 320, 3), np.uint8))
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


def test_sessions_that_share_an_explainer_do_not_mix_their_frames():
    explain = ClipGradCAM(load_model("motions"), clip_stride=1, precision="f32")
    sessions = [session(explain) for _ in range(2)]
    pictures = [np.full((120, 160, 3), level, np.uint8) for level in (40, 200)]
    with pytest.raises(NotYet):
        sessions[0].explain(Frame(pictures[0], 0, 0.0))
    for index in range(20):
        for number, one in enumerate(sessions):
            one.watch(Frame(pictures[number], 100 * number + index, index / 30))
    for number, one in enumerate(sessions):
        said = one.explain(Frame(pictures[number], 100 * number + 19, 19 / 30))
        assert said.clip.indices.tolist() == list(range(100 * number + 4, 100 * number + 20))
    with pytest.raises(OptionError, match="motions: looks at clips"):
        explain(pictures[0])


def session(explain):
    controls = Controls(Overlay(explain.labels), targets=("top1",), method="gradcam")
    return LiveExplainer(lambda size: explain, controls, Stats(LiveSource(0)), every="auto")
