"""How much of the evidence is inside a region of interest, and a planted shortcut that this exposes."""

from __future__ import annotations

import cv2
import keras
import numpy as np
import pytest
from keras import layers
from makers import clips
from makers.footage import SIZE, explained_frames, texture

from streamcam import Frame, GradCAM, Region, wrap_model
from streamcam.annotation.roi import Inspection, Masks, parse_roi, share_inside
from streamcam.errors import OptionError, SourceError
from streamcam.steady.heat import unsteadied


def test_the_share_inside_counts_cells_on_the_border_in_part():
    heat = np.ones((2, 4), np.float32)
    mask = np.zeros((20, 40), np.uint8)
    mask[:, :15] = 255
    assert share_inside(heat, Region(0, 0, 40, 20), mask) == pytest.approx(1.5 / 4)
    assert share_inside(heat, Region(10, 0, 30, 20), mask) == pytest.approx(1 / 4)
    assert share_inside(0 * heat, Region(0, 0, 40, 20), mask) is None


def test_regions_are_boxes_polygons_and_masks(tmp_path):
    image = np.zeros((60, 80, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "mask.png"), np.full((30, 40), 255, np.uint8))
    box, polygon, mask = (parse_roi(text) for text in ("10,20,30,15", "0,0 79,0 79,59", str(tmp_path / "mask.png")))
    assert Masks([box]).of(image).nonzero()[0].min() == 20
    assert 0.4 < (Masks([polygon]).of(image) > 0).mean() < 0.6
    assert (Masks([mask]).of(image) == 255).all()
    both = Masks([box, parse_roi("60,0,10,10")]).of(image) > 0
    assert both[25, 20]
    assert both[5, 65]
    assert not both[55, 5]
    film = clips.write_clip(tmp_path / "mask.mp4", 3)
    masks = Masks([parse_roi(str(film))])
    assert all(masks.of(image).shape == (60, 80) for _ in range(5))  # the last one stays
    for wrong, error in (("1,2,3", OptionError), ("1,2,0,4", OptionError), ("nothing.png", SourceError)):
        with pytest.raises(error):
            parse_roi(wrong)


@pytest.mark.parametrize("track", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "80,0,10,10",
        "0,60,5,5",
        "-30,10,30,20",
        "10,-9,20,9",
        "5000000000,5,9,9",
        "90,5 120,5 120,50",
        "-9,-9 -1,-9 -9,-1",
    ],
)
def test_a_region_that_is_nowhere_in_the_frames_is_refused(text, track):
    masks = Masks([parse_roi(text)], track=track, name="clip.mp4")
    with pytest.raises(SourceError, match=r"^clip\.mp4: roi .* lies outside of the frames, which are 80x60; .*$"):
        masks.of(np.zeros((60, 80, 3), np.uint8))


@pytest.mark.parametrize(
    ("text", "inside"),
    [("70,50,1000,1000", 100), ("-20,-20,30,30", 100), ("-5000000,-5000000,10000000,10000000", 80 * 60),
     ("40,-100 500,30 40,160", 40 * 60)],
)  # fmt: skip
def test_of_a_region_that_reaches_beyond_the_frames_the_rest_is_cut(text, inside):
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    for track in (False, True):
        masks = Masks([parse_roi(text)], track=track)
        assert (masks.of(image) > 0).sum() == pytest.approx(inside, rel=0.25)
        assert masks.of(image).any()


def test_only_the_first_frame_decides(tmp_path):
    masks = Masks([parse_roi("60,40,10,10")])
    assert masks.of(np.zeros((60, 80, 3), np.uint8)).any()
    assert not masks.of(np.zeros((30, 40, 3), np.uint8)).any()


def test_a_mask_of_another_shape_or_without_an_inside_is_refused(tmp_path):
    image = np.zeros((60, 80, 3), np.uint8)
    for name, shape, level in (("square", (60, 60), 255), ("upright", (80, 60), 255), ("dark", (60, 80), 100)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full(shape, level, np.uint8))
        with pytest.raises(SourceError, match=f"{name}.png"):
            Masks([parse_roi(str(tmp_path / f"{name}.png"))]).of(image)
    cv2.imwrite(str(tmp_path / "rounded.png"), np.full((121, 160), 255, np.uint8))
    assert Masks([parse_roi(str(tmp_path / "rounded.png"))]).of(image).all()
    film = clips.write_clip(tmp_path / "upright.mp4", 2, size=(48, 64))
    with pytest.raises(SourceError, match="48x64"):
        Masks([parse_roi(str(film))]).of(image)


def test_a_mask_that_is_named_twice_is_read_once(tmp_path):
    film = clips.write_clip(tmp_path / "mask.mp4", 4)
    image = np.zeros((48, 64, 3), np.uint8)
    once, twice = Masks([parse_roi(str(film))]), Masks([parse_roi(str(film))] * 2)
    for _ in range(4):
        np.testing.assert_array_equal(once.of(image), twice.of(image))


def test_what_cannot_be_followed_is_refused_and_what_fills_the_frame_stays():
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    for text in ("10,10,2,2", "78,10,40,40"):
        with pytest.raises(SourceError, match="--track"):
            Masks([parse_roi(text)], track=True).of(image)
    masks = Masks([parse_roi("0,0,80,60")], track=True)
    assert all(masks.of(image).all() for _ in range(3))


def test_a_box_follows_what_is_in_it():
    ground, thing = texture(7), texture(8)[:40, :40]

    def picture(x):
        image = ground.copy()
        image[30:70, x : x + 40] = thing
        return image

    masks = Masks([parse_roi("20,30,40,40")], track=True)
    for x in range(20, 81, 3):
        columns = masks.of(picture(x)).nonzero()[1]
    assert abs(columns.mean() - 99.5) < 12


def test_stretches_are_marked_where_too_little_is_inside():
    left, right = np.zeros((6, 8)), np.zeros((6, 8))
    left[:, :3], right[:, 5:] = 1, 1
    maps = [left] * 5 + [right] * 5 + [left] * 3 + [right] * 2
    inspection = Inspection(Masks([parse_roi(f"0,0,{SIZE[0] // 2},{SIZE[1]}")]), alert_below=0.5)
    out = list(inspection.measured(unsteadied(explained_frames(maps))))
    assert [explanation.inside.alert for _, explanation in out] == [False] * 5 + [True] * 5 + [False] * 3 + [True] * 2
    assert [(s.begin * 30, s.end * 30) for s in inspection.intervals] == [
        (pytest.approx(5), pytest.approx(9)),
        (pytest.approx(13), pytest.approx(14)),
    ]
    with pytest.raises(OptionError):
        Inspection(Masks([]), alert_below=1.5)


SIDE = 64


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
        [(_, explanation)] = inspection.measured(unsteadied(explained))
        shares.append((explanation.inside.shares[0] or 0.0, bool(inspection.intervals)))
    share, alerts = np.mean(shares, axis=0)
    if shortcut:
        assert share < 0.3
        assert alerts > 0.8
    else:
        assert share > 0.6
        assert alerts < 0.3
