"""Pictures of every kind in one folder, whatever they are called."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from makers import clips
from makers.pictures import animated, encoded, moving, scene, wrote

from streamcam import AnnotationSettings, ExplainSettings, ModelSettings, annotate_all
from streamcam.annotation.roi import Masks, parse_roi


@pytest.fixture
def settings(tiny_model):
    return AnnotationSettings(model=ModelSettings(model=str(tiny_model)), explain=ExplainSettings(threads=1))


def test_what_a_file_holds_decides_what_is_made_of_it(settings, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    frames = moving(5, width=96, height=64)
    wrote(folder / "moves.webp", animated(frames, "WEBP", 100))
    wrote(folder / "apng.png", animated(frames, "PNG", [100, 100, 100, 100, 900]))
    wrote(folder / "still.gif", encoded(scene(), "GIF"))
    wrote(folder / "picture.mp4", encoded(scene(), "JPEG"))
    clips.write_clip(folder / "clip.mp4", 5).rename(folder / "film.jpg")
    run = annotate_all(folder, tmp_path / "out", settings=settings)
    made = {outcome.job.source.name: (outcome.job.outputs.media.name, outcome.result.frames) for outcome in run}
    assert made == {
        "moves.webp": ("moves.cam.mp4", 5),
        "apng.png": ("apng.cam.mp4", 5),
        "still.gif": ("still.cam.png", 1),
        "picture.mp4": ("picture.cam.png", 1),
        "film.jpg": ("film.cam.mp4", 5),
    }
    assert clips.length_of(tmp_path / "out" / "apng.cam.mp4")[0] == pytest.approx(1.3, abs=0.002)


def test_one_photograph_that_needs_a_library_does_not_end_the_run(settings, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    wrote(tmp_path / "a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    wrote(tmp_path / "b.png", encoded(scene(), "PNG"))
    states = {
        outcome.job.source.name: outcome for outcome in annotate_all(tmp_path, tmp_path / "out", settings=settings)
    }
    assert states["b.png"].state == "done"
    assert states["a.heic"].state == "failed"
    assert "pip install 'streamcam[heif]'" in states["a.heic"].error


def test_an_animation_is_not_cut_into_parts(settings, tmp_path):
    wrote(tmp_path / "a.gif", animated(moving(5), "GIF", 900))
    [outcome] = annotate_all(tmp_path / "a.gif", tmp_path / "out", settings=settings, split=1)
    assert (outcome.state, outcome.result.frames) == ("done", 5)


def test_what_is_transparent_in_a_mask_is_not_inside(tmp_path):
    mask = np.full((40, 60, 4), (255, 255, 255, 0), np.uint8)
    mask[:, :30, 3] = 255
    wrote(tmp_path / "mask.png", encoded(mask, "PNG"))
    inside = Masks([parse_roi(str(tmp_path / "mask.png"))]).of(np.zeros((40, 60, 3), np.uint8))
    assert (inside[:, :30] == 255).all()
    assert (inside[:, 30:] == 0).all()


def folder_of(path, shapes):
    path.mkdir()
    for number, (width, height) in enumerate(shapes):
        wrote(path / f"{number:02}.png", encoded(scene(width, height), "PNG"))
    return path


def test_images_done_at_once_are_what_they_are_one_by_one(settings, tmp_path):
    folder = folder_of(tmp_path / "in", [(60 + 16 * (i % 5), 48 + 16 * (i % 3)) for i in range(20)])
    wrote(folder / "07b.png", b"\x89PNG\r\n\x1a\nno more")
    clips.write_clip(folder / "09b.mp4", 4)
    outcomes = list(annotate_all(folder, tmp_path / "out", records=tmp_path / "records", settings=settings))
    assert [o.job.source.name for o in outcomes if o.state == "failed"] == ["07b.png"]
    assert len(outcomes) == 22
    for outcome in outcomes:
        if outcome.state == "done" and outcome.source.endswith(".png"):
            [alone] = annotate_all(outcome.source, tmp_path / "alone.png", settings=settings, overwrite=True)
            assert alone.state == "done"
            assert (tmp_path / "alone.png").read_bytes() == outcome.job.outputs.media.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="sends POSIX signals; Windows has Ctrl-C events instead")
def test_an_interrupt_between_images_leaves_whole_ones_only(tiny_model, tmp_path):
    folder, out = folder_of(tmp_path / "in", [(400, 300)] * 150), tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-m", "streamcam", "annotate", folder, "-o", out, "-m", tiny_model],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while len(list(out.glob("*.png"))) < 5:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    made = sorted(out.glob("*.png"))
    assert 5 <= len(made) < 150
    assert all(cv2.imread(str(path)).shape == (300, 400, 3) for path in made)
    assert not list(out.rglob("*.part*"))
