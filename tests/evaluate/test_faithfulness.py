"""How far explanations can be trusted: the measures, on models whose reasons are known, and the pages about them."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys

import cv2
import keras
import numpy as np
import pytest
from keras import layers
from makers import models
from makers.needs import need

from streamcam import Frame, GradCAM, wrap_model
from streamcam.annotation.roi import Inspection, Masks, parse_roi
from streamcam.evaluate.faithfulness import STEPS, deletion, faithfulness, imputed, insertion, road, spread
from streamcam.evaluate.sanity import randomised, sanity, spearman
from streamcam.evaluate.table import evaluate
from streamcam.steady.heat import unsteadied

SIDE = 64


def streamcam(*arguments, cwd):
    command = [sys.executable, "-m", "streamcam", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=500, check=False)


# --- the measures, on a model that is known: the brightness of the left half decides


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


def test_rank_correlation_is_that_of_the_textbook():
    stats = pytest.importorskip("scipy.stats")
    random = np.random.default_rng(0)
    a, b = random.integers(0, 5, (2, 9, 9)).astype(np.float32)
    assert spearman(a, b) == pytest.approx(stats.spearmanr(a.ravel(), b.ravel())[0])
    assert spearman(a, np.zeros_like(a)) == 0


def test_weights_are_shuffled_and_put_back():
    classifier = wrap_model(models.flat().model)
    before = classifier.model.get_weights()
    for only_head in (True, False):
        with randomised(classifier, np.random.default_rng(0), only_head=only_head):
            inside = classifier.model.get_weights()
        changed = [bool((a != b).any()) for a, b in zip(before, inside, strict=True)]
        kernels = [w.ndim >= 2 for w in before]
        assert changed == (
            [False] * changed.index(True) + [True] + [False] * (len(changed) - changed.index(True) - 1)
            if only_head
            else kernels
        )
    assert all((a == b).all() for a, b in zip(before, classifier.model.get_weights(), strict=True))


# --- a planted shortcut


def scene(kind, shortcut, random):
    """A cross or a ring on noise; with the shortcut, a blue corner gives the ring away; without, it means nothing."""
    image = random.integers(60, 120, (SIDE, SIDE, 3), np.uint8)
    x, y = (int(v) for v in random.integers(20, 44, 2))
    if kind:
        cv2.circle(image, (x, y), 9, (230, 230, 230), 3)
    else:
        cv2.line(image, (x - 9, y - 9), (x + 9, y + 9), (230, 230, 230), 3)
        cv2.line(image, (x + 9, y - 9), (x - 9, y + 9), (230, 230, 230), 3)
    if kind if shortcut else random.integers(2):
        image[:12, :12] = (200, 20, 20)
    return image, (x - 14, y - 14, 28, 28)


def trained(shortcut):
    keras.utils.set_random_seed(7)
    random = np.random.default_rng(7)
    kinds = random.integers(0, 2, 1200)
    images = np.stack([scene(kind, shortcut, random)[0] for kind in kinds])[..., ::-1]
    model = keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 3)),
            layers.Rescaling(1 / 127.5, offset=-1),
            layers.Conv2D(12, 5, strides=2, padding="same", activation="relu"),
            layers.Conv2D(24, 5, strides=2, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.optimizer.learning_rate = 3e-3
    model.fit(images, kinds, epochs=4 if shortcut else 12, batch_size=32, verbose=0)
    test = [scene(kind, shortcut, random) for kind in (0, 1) * 20]
    accuracy = model.evaluate(np.stack([t[0] for t in test])[..., ::-1], np.array([0, 1] * 20), verbose=0)[1]
    return model, test, accuracy


@pytest.mark.parametrize("shortcut", [True, False])
def test_a_planted_shortcut_is_exposed(shortcut):
    model, test, accuracy = trained(shortcut)
    assert accuracy > 0.9  # by its answers alone nobody could tell the two apart
    explain = GradCAM(wrap_model(model), cache=False)
    shares = []
    # Of two classes a network learns one by what is there, and the other by its absence: rings are there.
    for image, box in test[1::2]:
        explained = [(Frame(image, 0, 0.0), explain(image))]
        inspection = Inspection(Masks([parse_roi(",".join(map(str, box)))]), alert_below=0.5)
        [(_, explanation, _)] = inspection.measured(unsteadied(explained))
        shares.append((explanation.inside.shares[0] or 0.0, bool(inspection.stretches)))
    share, alerts = np.mean(shares, axis=0)
    if shortcut:
        assert share < 0.3
        assert alerts > 0.8
    else:
        assert share > 0.6
        assert alerts < 0.3


# --- the table, the command line, the report


def test_a_trained_model_is_told_from_a_random_one(bundled, sample):
    row = evaluate(
        [sample], lambda keep: GradCAM(bundled, cache=keep, size=128), frames=2, seed=3, rois=[parse_roi("0,0,640,360")]
    )
    assert row.frames == 2
    assert row.insertion > row.deletion
    assert row.road > 0
    assert row.sanity_all < 0.5
    assert row.pointing == 1 == pytest.approx(row.inside)
    assert row.flicker_file < row.flicker_live < row.flicker_raw
    assert row.lag <= 1
    assert row.kept > 0.9
    assert abs(row.insertion_steady - row.insertion_video) < 0.05


def test_a_map_that_shows_the_picture_rather_than_the_model_fails_the_sanity_check():
    specimen = wrap_model(models.flat().model)
    pictures = [np.random.default_rng(i).integers(0, 256, (48, 48, 3), np.uint8) for i in range(3)]

    class Edges(GradCAM):
        def __call__(self, frame, targets=None, method=None):
            explanation = super().__call__(frame, targets, method)
            explanation.heatmaps[0] = cv2.resize(frame[..., 0], explanation.heatmaps.shape[:0:-1])
            return explanation

    assert sanity(lambda: Edges(specimen, cache=False), pictures, 0) == (pytest.approx(1), pytest.approx(1))


def test_the_command_compares_and_writes_tables(tmp_path, cat):
    cv2.imwrite(str(tmp_path / "cat.png"), cat)
    arguments = ["evaluate", "cat.png", "--method", "gradcam", "--method", "eigencam", "--frames", 1, "--no-sanity"]
    done = streamcam(*arguments, "--json", "t.json", "--csv", "t.csv", "--size", 96, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "gradcam top_activation" in done.stdout
    assert "insertion" in done.stdout
    rows = json.loads((tmp_path / "t.json").read_text())
    assert [row["method"] for row in rows] == ["gradcam", "eigencam"]
    with (tmp_path / "t.csv").open() as file:
        assert [row["method"] for row in csv.DictReader(file)] == ["gradcam", "eigencam"]
    assert streamcam(*arguments, "--json", "t.json", cwd=tmp_path).stderr.startswith("error: t.json: exists already")


def test_what_is_asked_of_the_model_is_in_the_records(tmp_path, cat):
    """The top class is not the true one: the true one's map is one option away."""
    cv2.imwrite(str(tmp_path / "cat.png"), cat)
    done = streamcam(
        "annotate", "cat.png", "--target", "tabby", "--target", "tabby vs Egyptian cat", "--target", "not tabby",
        "--layout", "side by side", "--roi", "60,40,300,240", "--alert-below", 0.99, "--records", "r.jsonl", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "looks elsewhere from 0.00 to 0.00 s" in done.stdout
    record = json.loads((tmp_path / "r.jsonl").read_text().splitlines()[1])
    assert record["top"][0]["label"] == "Egyptian cat"
    assert record["alert"] is True
    plain, compared, against = record["targets"]
    assert [t["label"] for t in record["targets"]] == ["tabby"] * 3
    assert "versus" not in plain
    assert compared["versus"]["label"] == "Egyptian cat"
    assert against["against"] is True
    assert 0 < plain["inside"] <= 1


def test_the_report_opens_in_a_browser_and_shows_its_curves(tmp_path, sample):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    need(browser, "a browser opens the report")
    done = streamcam(
        "annotate", sample, "-o", "out.mp4", "--report", "out.html", "--roi", "200,60,240,240", "--alert-below", 0.3,
        "--size", 128, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = tmp_path / "out.html"
    text = page.read_text(encoding="utf-8")
    assert "http://" not in text.split("<script")[0]
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    shown = subprocess.run(
        [*command, "--virtual-time-budget=8000", "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120,
        env=os.environ | {"HOME": str(tmp_path)}, check=True,
    ).stdout  # fmt: skip
    assert shown.count('class="trace scatter') >= 4  # drawn by the script, not only written
    assert "evidence inside" in shown
    assert "Egyptian cat" in shown
    assert shown.count("data-time=") >= 2
    assert "efficientnet-lite0" in shown
