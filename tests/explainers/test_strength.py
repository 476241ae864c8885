"""How strong an answer is: 1 for a confident one, nothing for a guess, measured against the model itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from makers import models
from makers.explainers import RAW, exact, image
from makers.known import area_under_curve, nothings, views_of_known

from streamcam import Frame, GradCAM, wrap_model
from streamcam.backends.recipe import Recipe
from streamcam.backends.weights.bundled import REFERENCE_PEAKS
from streamcam.explainers import reference as reference_module
from streamcam.explainers.build import Builder, EngineSettings
from streamcam.explainers.reference import References
from streamcam.explainers.strength import Reference, reference_of, sharpened, strengths
from streamcam.steady.heat import unsteadied
from streamcam.system.cache import Cache


def of(probabilities, *classes, shares=None, plain=None):
    count = len(classes)
    return strengths(
        np.array(probabilities, np.float32),
        np.array(classes, np.int32),
        np.array(plain or [True] * count),
        np.array(shares or [1.0] * count, np.float32),
    )


def spread(*first, classes=1000):
    """Probabilities of some classes, and the rest shared by all others."""
    rest = (1 - sum(first)) / (classes - len(first))
    return [*first, *[rest] * (classes - len(first))]


def test_a_confident_answer_has_all_of_it_and_a_guess_nothing():
    (sure,), certainty = of(spread(0.999), 0)
    assert sure == pytest.approx(1, abs=1e-3)
    assert certainty == pytest.approx(float(sure))
    for classes in (2, 3, 10, 1000):
        assert of([1 / classes] * classes, 0)[1] == pytest.approx(0, abs=1e-6)
    rising = [of(spread(p), 0)[1] for p in (0.01, 0.05, 0.2, 0.5, 0.9)]
    assert rising == sorted(rising)
    assert rising[1] < 0.12
    assert of(spread(0.5), 0)[1] == pytest.approx(0.75, abs=0.01)


def test_a_rival_takes_a_little_and_the_evidence_of_each_target_counts():
    assert of(spread(0.45, 0.44), 0)[1] == pytest.approx(0.84 * of(spread(0.45), 0)[1], rel=0.02)
    found, certainty = of(spread(0.9), 0, 7, shares=[1.0, 0.5])
    assert found[1] == pytest.approx(0.75 * found[0])
    assert certainty == pytest.approx(float(found[0]))


def test_what_is_asked_does_not_decide_whether_the_model_knows_what_it_sees(bundled, cat, coffee):
    """No goldfish in a picture of a cat is weak evidence, and no sign of a model that has no idea."""
    for asked in ({"shares": [0.1]}, {"shares": [0.1], "plain": [False]}):
        (other,), certainty = of(spread(0.9), 7, **asked)
        assert other < 0.2
        assert certainty == pytest.approx(of(spread(0.9), 0)[1])
    assert of(spread(0.9), 0, shares=[0.1], plain=[False])[1] > 0.9  # its map is of another question
    explain = GradCAM(bundled, precision="f32")
    for picture, best in ((cat, "Egyptian cat"), (coffee, "espresso")):
        for target in ("goldfish", f"{best} vs similar", f"goldfish vs {best}", f"not {best}"):
            said = explain(picture, target)
            assert said.verdict in ("sure", "unsure"), (best, target)
            assert said.heat.max() == pytest.approx(said.strength[0], abs=1e-5)
        assert explain(picture, "goldfish").strength[0] < 0.3


def test_classes_that_do_not_exclude_each_other_are_no_rivals():
    (one,), _ = of([0.9, 0.9, 0.8], 0)
    assert one == pytest.approx(0.99)


def test_the_reference_is_the_peak_of_an_answer_twice_as_probable_as_all_others():
    """Of a linear model: the peak is 0.1 for each unit by which the score leads an average one."""
    answers = []
    for lead in (1.0, 3.0, 6.0, 9.0):
        scores = np.zeros(100)
        scores[4] = lead
        p = (np.exp(scores) / np.exp(scores).sum()).astype(np.float32)
        heatmap = np.zeros((1, 7, 7), np.float32)
        heatmap[0, 2, 3] = 0.1 * lead
        answers.append((heatmap, p, np.array([[4, 2**30]], np.int32)))
    found = reference_of(answers)
    assert found.peak == pytest.approx(0.1 * (np.log(2) + np.log(99)), rel=1e-3)
    assert found.places == 49


def test_where_places_share_a_score_a_larger_map_has_less_in_each():
    reference = Reference(1.0, 49)
    small, large = np.full((1, 7, 7), 0.5, np.float32), np.full((1, 7, 14), 0.25, np.float32)
    assert reference.share(small, "gradcam") == pytest.approx(0.5)
    assert reference.share(large, "gradcam") == pytest.approx(0.5)
    assert reference.share(large, "eigencam") == pytest.approx(0.25)
    assert Reference(0.0, 49).share(0 * small, "gradcam") == 0
    assert Reference(0.0, 49).share(small, "gradcam") == 1


@pytest.mark.parametrize("method", REFERENCE_PEAKS)
def test_what_is_shipped_with_the_bundled_weights_is_what_is_measured(bundled, method, monkeypatch):
    recipe = Recipe(bundled, (), method, "logit", bundled.input_size, 1)
    shipped = References(None).of(recipe, lambda: None)
    monkeypatch.setattr(reference_module, "REFERENCE_PEAKS", {})
    engine = Builder(EngineSettings(precision="f32")).build(recipe)[0]
    measured = References(None).of(recipe, lambda: engine)
    assert shipped.peak == pytest.approx(measured.peak, rel=1e-3)
    assert shipped.places == measured.places


def test_the_reference_is_kept_on_disk_and_is_of_its_layer_and_method(bundled, tmp_path):
    cache = Cache(tmp_path)
    recipe = Recipe(bundled, ("block5c_add",), "hirescam", "logit", bundled.input_size, 1)
    engine = Builder(EngineSettings(precision="f32")).build(recipe)[0]
    first = References(cache).of(recipe, lambda: engine)

    def never():
        raise AssertionError("it is known")

    assert References(cache).of(recipe, never) == first
    assert first.peak == pytest.approx(0.457, abs=0.03)
    assert first.places == 14 * 14
    with pytest.raises(AssertionError, match="known"):
        References(cache).of(Recipe(bundled, ("block5c_add",), "layercam", "logit", bundled.input_size, 1), never)


def test_any_model_has_a_reference():
    classifier = wrap_model(models.flat().model, preprocessing=RAW)
    explanation = exact(classifier)(image())
    assert explanation.strength is not None
    assert 0 <= explanation.strength[0] <= 1


def test_what_is_sharpened_keeps_its_order():
    p = np.array(spread(0.3, 0.2, 0.1), np.float32)
    sharp = sharpened(p, 2.0)
    assert sharp.sum() == pytest.approx(1, abs=1e-5)
    assert (np.argsort(-sharp, kind="stable")[:3] == [0, 1, 2]).all()
    assert sharp[0] > p[0]
    assert sharpened(p, 1.0) is p
    tags = np.array([0.9, 0.8], np.float32)
    assert sharpened(tags, 2.0) is tags


@pytest.mark.parametrize("method", ["gradcam", "layercam", "hirescam", "gradcam++"])
def test_a_picture_twice_as_wide_of_the_same_thing_is_as_strong(bundled, cat, method):
    """The thing twice, side by side: each place has half of the score's evidence, or as much, by the method."""
    explain = GradCAM(bundled, precision="f32", fit="native", method=method)
    one = cv2.resize(cat, (448, 448))
    single, double = explain(one), explain(np.hstack([one, one[:, ::-1]]))
    assert double.strength[0] == pytest.approx(single.strength[0], abs=0.25)


def test_nothing_is_told_from_something(bundled):
    """Eighty views of five photographs, and as many pictures of nothing; the thresholds come from other pictures."""
    explain = GradCAM(bundled)
    known = list(views_of_known())
    empty = list(nothings(len(known), [picture for picture, _ in known]))
    shown = [
        explanation
        for _, explanation in unsteadied(
            (Frame(picture, 0, 0.0), explain(picture)) for picture in [*(picture for picture, _ in known), *empty]
        )
    ]
    names = [explain.labels[explanation.top(1)[0][0]] for explanation in shown[: len(known)]]
    right = [*(name in good for name, (_, good) in zip(names, known, strict=True)), *[False] * len(empty)]
    strength = area_under_curve(right, [explanation.strength[0] for explanation in shown])
    assert strength >= 0.95
    assert strength >= area_under_curve(right, [explanation.probabilities.max() for explanation in shown])
    of_right = [explanation for explanation, is_right in zip(shown, right, strict=True) if is_right]
    of_nothing = shown[len(known) :]
    assert np.mean([explanation.verdict == "no idea" for explanation in of_nothing]) >= 0.95
    assert np.mean([explanation.verdict == "no idea" for explanation in of_right]) <= 0.05
    assert np.mean([e.heat.mean() for e in of_nothing]) <= 0.1 * np.mean([e.heat.mean() for e in of_right])
    assert not any(explanation.verdict == "sure" for explanation in of_nothing)
    asked = [explain(picture, "goldfish").verdict for picture in empty]
    assert np.mean([verdict == "no idea" for verdict in asked]) >= 0.9
    assert "sure" not in asked
