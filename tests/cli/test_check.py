"""``streamcam check``: what a model says under each preprocessing."""

from __future__ import annotations

import cv2
import keras
import numpy as np
import pytest
from keras import layers

from streamcam import GradCAM, ModelSettings, load_model
from streamcam.diagnose.check import check_feeding
from streamcam.models.preprocessing import BASIC, PREPROCESSINGS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A model that says which colour is the strongest, one of brightness, and a picture that is red."""
    folder = tmp_path_factory.mktemp("check")
    identity = np.eye(3, dtype=np.float32)[None, None]
    for name, channels, kernel in (("colour", 3, identity), ("gray", 1, identity[:, :, :1])):
        inputs = keras.Input((16, 16, channels))
        conv = layers.Conv2D(3, 1, name="conv")
        model = keras.Model(inputs, layers.Softmax()(layers.GlobalAveragePooling2D()(conv(inputs))))
        conv.set_weights([kernel, np.zeros(3, np.float32)])
        model.save(folder / f"{name}.keras")
    (folder / "colour.labels.txt").write_text("red\ngreen\nblue\n")
    cv2.imwrite(str(folder / "red.png"), np.full((40, 40, 3), (20, 60, 200), np.uint8))
    return folder


@pytest.mark.filterwarnings("ignore:.*preprocessing guessed")
def test_each_preprocessing_is_asked_in_both_orders_and_the_one_in_use_is_what_is_explained(folder):
    report = check_feeding([folder / "red.png"], model=ModelSettings(model=str(folder / "colour.keras")))
    [photo] = report.photos
    tops = {reading.preprocessing.name: reading.top[0] for reading in photo.readings}
    assert tops.keys() == PREPROCESSINGS.keys()
    assert {tops[name][0] for name in ("none", "unit", "tf", "torch", "lite", "caffe-rgb")} == {"red"}
    assert {tops[name][0] for name in ("none-bgr", "unit-bgr", "tf-bgr", "lite-bgr", "caffe")} == {"blue"}
    explanation = GradCAM(load_model(folder / "colour.keras"), precision="f32")(cv2.imread(str(folder / "red.png")))
    [used] = [reading for reading in photo.readings if reading.in_use]
    assert used.preprocessing.name == "unit"
    assert used.top[0][1] == pytest.approx(float(explanation.probabilities[0]), abs=1e-5)


def test_a_gray_model_has_no_channel_order(folder):
    settings = ModelSettings(model=str(folder / "gray.keras"), preprocess="tf")
    [photo] = check_feeding([folder / "red.png"], model=settings, top=2).photos
    assert [reading.preprocessing.name for reading in photo.readings] == list(BASIC)
    assert [reading.preprocessing.name for reading in photo.readings if reading.in_use] == ["tf"]
    assert all(len(reading.top) == 2 for reading in photo.readings)


def test_the_command_shows_them_side_by_side_and_says_how_to_choose(cli, folder):
    code, out, _ = cli("check", folder / "colour.keras", folder / "red.png", "--preprocess", "caffe")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].endswith("red.png")
    assert lines[1].split() == ["RGB", "BGR"]
    first = {line.split()[0]: line.split() for line in lines if line and not line.startswith(" ")}
    assert [first["none"][i] for i in (2, 4)] == ["red", "blue"]
    assert first["caffe"][4:] == ["blue", "<-", "in", "use"]
    assert lines[-1].startswith("in use: caffe (as asked for). If another is right")
    assert "--preprocess NAME" in lines[-1]
    assert cli("check", folder / "colour.keras", folder / "none.png")[0] == 1
