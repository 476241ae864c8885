"""Folders of clips, settings, and what one undisturbed run makes of them."""

from __future__ import annotations

import random
import shutil

import av
import numpy as np
import pytest
from makers import clips, films
from makers.runs import call

from streamcam.batch.settings import AnnotationSettings
from streamcam.settings import ModelSettings

SIZE = (64, 48)


@pytest.fixture(scope="module")
def model(tiny_model):
    return tiny_model


@pytest.fixture(scope="module")
def originals(shared):
    """90 clips in a tree, ten of them broken, each in another way."""
    return shared("originals", make_originals) / "in"


def make_originals(folder):
    clip = clips.write_clip(folder / "clip.mp4", 6, size=SIZE)
    other = clips.write_clip(folder / "other.mp4", 9, size=SIZE, audio="aac")
    whole = clip.read_bytes()
    root = folder / "in"
    for number in range(80):
        place = root / f"{number % 7}" / f"{number:03d}.mp4"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(other if number % 2 else clip, place)
    broken = root / "broken"
    broken.mkdir()
    (broken / "empty.mp4").write_bytes(b"")
    (broken / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (broken / "noise.mp4").write_bytes(random.Random(1).randbytes(5000))
    (broken / "text.mov").write_text("this is no film")
    (broken / "picture.mkv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (broken / "header.avi").write_bytes(b"RIFF\x00\x00\x00\x00AVI LIST")
    (broken / "zeros.webm").write_bytes(bytes(4096))
    (broken / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    with av.open(str(broken / "sound.mp4"), "w") as container:
        sound = container.add_stream("aac", rate=48_000, layout="stereo")
        for start in range(0, 4096, 1024):
            silence = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
            silence.sample_rate, silence.pts = 48_000, start
            container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    damaged = bytearray(whole)
    at = damaged.index(b"mdat") + 4
    damaged[at : at + 800] = bytes(800)
    (broken / "damaged.mp4").write_bytes(bytes(damaged))


@pytest.fixture(scope="module")
def undisturbed(originals, model, shared):
    """The results of one run in one process, and what it said."""

    def run(folder):
        done = call(originals, "-o", folder / "out", "--records", folder / "out", model=model, code=1)
        (folder / "said").write_text(done.stderr)

    folder = shared("undisturbed", run)
    return folder / "out", (folder / "said").read_text()


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        clips.write_clip(folder / name, 5, size=SIZE)
    return folder


@pytest.fixture
def settings(tiny_model):
    return AnnotationSettings(model=ModelSettings(model=str(tiny_model)))


@pytest.fixture(scope="module")
def film(shared, cat):
    """Half a minute that changes all the time, with sound, keyframes every second, and uneven times."""
    return shared("film", lambda folder: films.make(folder / "film.mp4", cat)) / "sound.mp4"


@pytest.fixture(scope="module")
def whole(film, model, shared):
    """The film annotated in one piece."""
    return shared("whole", lambda folder: films.annotate(film, folder / "out", model)) / "out"
