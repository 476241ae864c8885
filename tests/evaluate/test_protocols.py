"""The protocols of papers, beside straightforward implementations of their own."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from scipy.stats import pearsonr

from streamcam.evaluate.compare import evaluate_models
from streamcam.evaluate.protocols import causal, protocols
from streamcam.models.preprocessing import PREPROCESSINGS

SIDE = 48


class Model:
    """Says how bright, after preprocessing, the left half is; its map is where it is bright."""

    def ask(self, prepared):
        return float(1 / (1 + np.exp(-4 * prepared[:, : SIDE // 2].mean())))

    def explain(self, prepared):
        heat = np.maximum(prepared.mean(axis=2), 0)
        heat[:, SIDE // 2 :] = 0
        return np.asarray(cv2.resize(heat, (6, 6), interpolation=cv2.INTER_AREA), np.float32)


@pytest.fixture
def prepared():
    random = np.random.default_rng(1)
    picture = random.integers(0, 90, (SIDE, SIDE, 3), np.uint8)
    picture[10:30, 6:20] = random.integers(180, 255, (20, 14, 3), np.uint8)
    return PREPROCESSINGS["torch"].prepare(picture)


def by_hand_causal(image, finish, saliency, ask):
    """As RISE's public code walks: a row of pixels a step, the area by trapezoids."""
    order = np.flip(np.argsort(saliency.reshape(-1), kind="stable"))
    now = image.copy().reshape(-1, 3)
    scores = []
    steps = (saliency.size + SIDE - 1) // SIDE
    for i in range(steps + 1):
        scores.append(ask(now.reshape(image.shape)))
        some = order[SIDE * i : SIDE * (i + 1)]
        now[some] = finish.reshape(-1, 3)[some]
    scores = np.array(scores)
    return (scores.sum() - scores[0] / 2 - scores[-1] / 2) / (len(scores) - 1)


def test_every_measure_is_that_of_its_paper(prepared):
    model = Model()
    found = protocols(prepared, model.explain, model.ask)

    def saliency(given):
        large = cv2.resize(model.explain(given), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR).astype(np.float64)
        return (large - large.min()) / (large.max() - large.min())

    full = saliency(prepared)
    masked = (prepared * full[..., None]).astype(np.float32)
    y, o = model.ask(prepared), model.ask(masked)
    assert found.average_drop == pytest.approx(max(0, y - o) / y, abs=1e-5)
    assert found.average_increase == float(y < o)
    coherency = (pearsonr(full.ravel(), saliency(masked).ravel())[0] + 1) / 2
    assert found.coherency == pytest.approx(coherency, abs=1e-5)
    assert found.complexity == pytest.approx(np.abs(full).sum() / full.size, abs=1e-6)
    adcc = 3 / (1 / coherency + 1 / (1 - full.mean()) + 1 / (1 - max(0, y - o) / y))
    assert found.adcc == pytest.approx(adcc, abs=1e-5)

    point = np.zeros((11, 11))
    point[5, 5] = 1
    kernel = gaussian_filter(point, 5)
    blurred = np.stack([convolve2d(prepared[..., c], kernel, mode="same") for c in range(3)], axis=-1)
    steep = full + 1e-9 * np.arange(full.size).reshape(full.shape)[::-1, ::-1]  # no ties, whose order is nobody's
    for start, finish, value in (
        (blurred, prepared, lambda heat: causal(blurred.astype(np.float32), prepared, heat, model.ask)),
        (prepared, 0 * prepared, lambda heat: causal(prepared, 0 * prepared, heat, model.ask)),
    ):
        expected = by_hand_causal(np.asarray(start, np.float32), np.asarray(finish, np.float32), steep, model.ask)
        assert value(steep) == pytest.approx(expected, abs=1e-5)
    assert found.rise_insertion == pytest.approx(
        by_hand_causal(blurred.astype(np.float32), prepared, steep, model.ask), abs=0.01
    )


def test_a_map_without_evidence_ends_in_numbers(prepared):
    found = protocols(prepared, lambda given: np.zeros((6, 6), np.float32), Model().ask)
    assert found.complexity == 0
    assert found.coherency == pytest.approx(0.5)
    assert np.isfinite([getattr(found, name) for name in type(found).__slots__]).all()


@pytest.mark.parametrize("name", ["torch", "lite", "caffe", "unit", "tf-bgr"])
def test_a_prepared_picture_can_be_taken_back(name):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    how = PREPROCESSINGS[name]
    assert (how.picture(how.prepare(picture)) == picture).all()
    gray = how.gray()
    assert gray.picture(gray.prepare(picture)).shape == (20, 30, 3)


def test_papers_figures_are_in_the_table_where_they_are_asked_for(tmp_path, coffee):
    cv2.imwrite(str(tmp_path / "coffee.png"), cv2.resize(coffee, (320, 240)))
    [row] = evaluate_models([tmp_path / "coffee.png"], frames=1, sanity=False, protocols=True)
    assert 0 <= row.average_drop <= 1
    assert 0.5 < row.adcc <= 1
    assert row.rise_insertion > row.rise_deletion
    [plain] = evaluate_models([tmp_path / "coffee.png"], frames=1, sanity=False)
    assert plain.adcc is None
