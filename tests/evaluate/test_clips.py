"""What is measured of video classifiers."""

from __future__ import annotations

from pathlib import Path

import pytest
from makers import clips, video_models

from streamcam.errors import OptionError, StreamcamWarning
from streamcam.evaluate.compare import evaluate_models, recommended

SAMPLE = Path(__file__).parents[2] / "samples" / "moving.mp4"


def test_a_model_that_looks_at_motion_and_when_it_does():
    events = [(0.9 + 1.5 * k, 1.5 + 1.5 * k) for k in range(8)]
    [row] = evaluate_models([SAMPLE], models=["motions"], frames=3, events=events)
    assert (row.model, row.layer, row.frames) == ("motions", "motion", 3)
    assert row.insertion > row.deletion
    assert row.order > 0.2
    assert row.moment > 0.6
    assert row.sanity_all < 0.6
    assert row.drop is row.flicker_raw is None
    assert recommended([row]) is row


def test_a_model_that_ignores_the_order_of_the_frames_is_exposed(tmp_path):
    video_models.ALL["pooling"]().model.save(tmp_path / "pooling.keras")
    clips.write_clip(tmp_path / "a.mp4", 30)
    with pytest.warns(StreamcamWarning, match="pooling.keras: says the same of the frames in another order"):
        [row] = evaluate_models([tmp_path / "a.mp4"], models=[str(tmp_path / "pooling.keras")], frames=3, sanity=False)
    assert row.order == pytest.approx(0, abs=1e-3)
    assert row.shuffled == 1
    assert row.moment is None


def test_what_it_cannot_be_measured_on_is_said(tmp_path, tiny_model):
    clips.write_clip(tmp_path / "short.mp4", 5)
    with pytest.raises(OptionError, match="no input is as long as a clip of motions, 16 frames"):
        evaluate_models([tmp_path / "short.mp4"], models=["motions"])
    with pytest.raises(OptionError, match="looks at single pictures"):
        evaluate_models([SAMPLE], models=[str(tiny_model)], events=[(1, 2)])
