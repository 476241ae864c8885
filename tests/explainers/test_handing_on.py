"""An explainer handed on: to other processes, and to several threads at once."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest
from makers import models
from makers.explainers import image

from streamcam import ClipGradCAM, GradCAM, Overlay, load_model
from streamcam.errors import ModelError, OptionError


def test_what_it_gives_of_one_picture_can_be_drawn(bundled, cat):
    explain = GradCAM(bundled)
    explanation = explain(cat)
    drawn = Overlay(explain.labels).draw(cat, explanation)
    assert drawn.shape == cat.shape
    assert (drawn != cat).any()
    with pytest.raises(OptionError, match="no heat yet"):
        Overlay(explain.labels).draw(cat, explain.start(cat)())


def test_a_named_model_is_pickled_with_its_options(cat):
    explain = GradCAM("efficientnet-lite0", method="layercam", targets=("tabby", "top2"), fit="crop", precision="f32")
    again = pickle.loads(pickle.dumps(explain))
    assert (
        again.describe()
        == GradCAM(
            "efficientnet-lite0", method="layercam", targets=("tabby", "top2"), fit="crop", precision="f32"
        ).describe()
    )
    np.testing.assert_array_equal(again(cat).heatmaps, explain(cat).heatmaps)
    assert again.targets == explain.targets
    explain.check = True
    assert pickle.loads(pickle.dumps(explain)).check


def test_a_model_file_is_pickled_by_its_path_and_must_be_the_same(tmp_path, monkeypatch):
    model = models.flat(rescales=True).model
    model.save(tmp_path / "mine.keras")
    monkeypatch.chdir(tmp_path)
    classifier = load_model("mine.keras").with_labels(tuple("abcdefg"))
    pickled = pickle.dumps(GradCAM(classifier, precision="f32"))
    monkeypatch.chdir("/")
    again = pickle.loads(pickled)
    assert again.labels == tuple("abcdefg")
    np.testing.assert_array_equal(again(image()).heatmaps, GradCAM(classifier, precision="f32")(image()).heatmaps)
    model.set_weights([2 * weight for weight in model.get_weights()])
    model.save(tmp_path / "mine.keras")
    with pytest.raises(ModelError, match="has changed"):
        pickle.loads(pickled)
    (tmp_path / "mine.keras").unlink()
    with pytest.raises(ModelError, match=r"mine\.keras"):
        pickle.loads(pickled)


def test_a_video_classifier_is_pickled_with_its_sampling():
    explain = ClipGradCAM("motions", clip_stride=2, clip_hop=4)
    again = pickle.loads(pickle.dumps(explain))
    assert again.sampling == explain.sampling
    assert isinstance(again, ClipGradCAM)


def test_a_keras_model_as_it_is_says_why_it_is_not_pickled():
    with pytest.raises(OptionError, match="save it, and load it by its path"):
        pickle.dumps(GradCAM(models.flat(rescales=True).model))


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
@pytest.mark.parametrize("in_flight", [1, 2])
def test_one_explainer_in_several_threads_and_several_explainers_are_right(engine, in_flight):
    classifier = load_model("mobilenet", weights="none")
    one = GradCAM(classifier, precision="f32", engine=engine, size=96, in_flight=in_flight)
    pictures = [image(96, 96 + 32 * (seed % 2), seed) for seed in range(6)]
    alone = [one(picture, [seed, seed + 1]) for seed, picture in enumerate(pictures)]
    others = [GradCAM(classifier, precision="f32", engine=engine, size=96) for _ in range(2)]
    wrong, errors = [], []

    def work(explain, first):
        try:
            for turn in range(12):
                seed = (first + turn) % len(pictures)
                found = explain(pictures[seed], [seed, seed + 1])
                same = np.allclose(found.heatmaps, alone[seed].heatmaps, atol=1e-5 * alone[seed].heatmaps.max())
                if not same or found.classes.tolist() != [seed, seed + 1] or found.region != alone[seed].region:
                    wrong.append((first, seed))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(e, n)) for n, e in enumerate([one, one, one, *others])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert not wrong
