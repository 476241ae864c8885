"""What identifies a finished result."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from makers import clips

from streamcam.batch.jobs import plan
from streamcam.batch.manifest import Manifest
from streamcam.batch.settings import AnnotationSettings
from streamcam.settings import ExplainSettings, ModelSettings, PictureSettings

SIZE = (64, 48)


def test_the_key_changes_with_all_that_shapes_a_result_and_with_nothing_else(model, tmp_path):
    clip = clips.write_clip(tmp_path / "clip.mp4", 3, size=SIZE)
    model = Path(shutil.copy(model, tmp_path))
    (tmp_path / "second").mkdir()
    shutil.copy(clip, tmp_path / "second" / "other.mp4")
    job, *_ = plan([clip, tmp_path / "second"], tmp_path / "out").jobs
    usual_model = ModelSettings(model=str(model))

    def key(**changes):
        return Manifest(tmp_path / "out", AnnotationSettings(**({"model": usual_model} | changes))).key(job)

    usual = key()
    assert key() == usual
    assert key(explain=ExplainSettings(threads=7)) == usual
    assert key(explain=ExplainSettings(cache=False)) == usual
    assert key(agreed=tmp_path / "agreed") == usual
    assert key(every=2) != usual
    assert key(picture=PictureSettings(alpha=0.3)) != usual
    assert key(explain=ExplainSettings(targets=("top2",))) != usual
    labels = tmp_path / "labels.txt"
    labels.write_text("a\nb\n")
    named = key(model=replace(usual_model, labels=str(labels)))
    assert named != usual
    labels.write_text("a\nc\n")
    assert key(model=replace(usual_model, labels=str(labels))) != named
    model.touch()
    assert key() != usual
    before = key()
    clips.write_clip(clip, 4, size=SIZE)
    assert key() != before
