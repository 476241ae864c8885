"""The measures of faithfulness, on a model that is known: the brightness of the left half decides."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from streamcam.evaluate.faithfulness import STEPS, deletion, faithfulness, imputed, insertion, road, spread

SIDE = 64


def brightness(picture):
    return float(picture[:, : picture.shape[1] // 2].mean() / 255)


@pytest.fixture
def bright_left():
    random = np.random.default_rng(0)
    picture = random.integers(0, 40, (SIDE, SIDE, 3), np.uint8)
    picture[16:48, 8:24] = 250
    heat = np.zeros((8, 8), np.float32)
    heat[2:6, 1:3] = 1
    return picture, heat


def test_a_true_map_beats_a_false_one_in_every_measure(bright_left):
    picture, heat = bright_left
    false = np.ascontiguousarray(heat[:, ::-1])
    good, bad = (faithfulness(picture, m, brightness, np.random.default_rng(0)) for m in (heat, false))
    assert good.insertion > bad.insertion
    assert good.deletion < bad.deletion
    assert good.drop < 0.5 < bad.drop
    assert good.road > 0.05 > bad.road


def test_the_curves_begin_and_end_where_they_should(bright_left):
    picture, heat = bright_left
    asked = []

    def ask(changed):
        asked.append(changed)
        return 0.5

    full = spread(heat, picture)
    assert insertion(picture, full, ask) == pytest.approx(0.5)  # under a flat curve
    assert len(asked) == STEPS + 1
    assert (asked[-1] == picture).all()
    assert asked[0].std() < picture.std()
    asked.clear()
    deletion(picture, full, ask)
    assert (asked[0] == picture).all()
    assert asked[-1].reshape(-1, 3).std(axis=0).max() == 0
    half = asked[STEPS // 2]
    assert (half != asked[0]).any(axis=-1).mean() <= 0.5


def test_imputation_is_the_solution_of_its_equations():
    ramp = np.tile(np.linspace(20, 220, 64).astype(np.uint8), (48, 1))
    picture = np.repeat(ramp[..., None], 3, axis=2)
    removed = np.zeros((48, 64), bool)
    removed[10:40, 20:50] = True
    filled = imputed(picture, removed, np.random.default_rng(0)).astype(float)
    assert (filled[~removed] == picture[~removed]).all()
    # a ramp is harmonic: its hole is filled with itself, up to the noise
    assert np.abs(filled - picture)[removed].mean() < 8
    assert 1 < (filled - picture)[removed].std() < 10


class Quiet:
    """No noise, so that nothing but the equations counts."""

    def normal(self, mean, deviation, shape):
        return np.zeros(shape)


def test_road_agrees_with_pytorch_grad_cams_imputation():
    scipy = pytest.importorskip("scipy.sparse")
    from scipy.sparse.linalg import spsolve

    random = np.random.default_rng(1)
    noise = random.integers(0, 256, (24, 24, 3), np.uint8)
    picture = np.asarray(cv2.GaussianBlur(noise, (0, 0), 3), np.uint8)
    removed = random.random((24, 24)) < 0.3
    removed[5:15, 8:18] = True
    places = {place: n for n, place in enumerate(zip(*removed.nonzero(), strict=True))}
    matrix, right = scipy.lil_matrix((len(places), len(places))), np.zeros((len(places), 3))
    for (y, x), n in places.items():
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                weight = {0: 0, 1: 1 / 6, 2: 1 / 12}[abs(dy) + abs(dx)]
                there = (y + dy, x + dx)
                if weight and 0 <= there[0] < 24 and 0 <= there[1] < 24:
                    matrix[n, n] += weight
                    if there in places:
                        matrix[n, places[there]] -= weight
                    else:
                        right[n] += weight * picture[there]
    exact = spsolve(matrix.tocsr(), right)
    ours = imputed(picture, removed, Quiet()).astype(float)[removed]
    assert np.corrcoef(exact.ravel(), ours.ravel())[0, 1] > 0.99


def test_a_road_of_equal_places_is_nothing(bright_left):
    picture, _ = bright_left
    assert road(picture, np.ones((SIDE, SIDE), np.float32), lambda _: 0.3, np.random.default_rng(0)) == 0
