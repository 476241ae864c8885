"""The panel of classes on a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from makers import clips, heats

from streamcam.drawing.overlay import Overlay
from streamcam.drawing.panel import name_of, panel_plan
from streamcam.types import Explanation, Region


def test_the_panel_shows_labels_bars_and_the_question():
    image = np.full((480, 640, 3), 128, np.uint8)
    explanation = clips.explanation(640, 480)
    heat = np.zeros_like(explanation.heatmaps)

    def panel(labels, **options):
        return Overlay(labels, alpha=0.0, **options).draw(image, replace(explanation, heat=heat))

    plain = panel(("ant", "bee", "cat"))
    assert (plain[:160, :380] != 128).any()
    np.testing.assert_array_equal(plain[200:], image[200:])  # nothing but the panel
    assert (panel(("ant", "bee", "cat"), hud=False) == image).all()
    assert (panel(("ant", "虎", "cat")) != panel(("ant", "蛇", "cat"))).any()
    assert (panel(("ant", "é", "cat")) != panel(("ant", "e", "cat"))).any()
    amber = (plain[..., 2].astype(int) - plain[..., 0] > 120).sum()
    assert amber > 1000  # the explained class's bar, 0.7 long, and its name
    assert (panel(("ant", "b" * 300, "cat"))[:, 400:] == 128).all()  # a long name is cut, not spilled


def test_an_explained_class_is_listed_even_when_it_is_improbable():
    probabilities = np.linspace(1, 0, 50, dtype=np.float32)
    explanation = Explanation(
        np.zeros((1, 2, 2), np.float32),
        np.array([49], np.int32),
        probabilities[[49]],
        probabilities,
        Region(0, 0, 640, 480),
    )
    image = np.full((480, 640, 3), 128, np.uint8)
    labels = tuple(f"label {i}" for i in range(50))
    without = Overlay(labels, top_k=3, alpha=0).draw(image, replace(explanation, heat=explanation.heatmaps))
    rows = np.flatnonzero((without != 128).any(axis=(1, 2)))
    assert rows[-1] - rows[0] > 4 * 30  # a question and four rows


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (40, 30), (64, 48), (3000, 20), (20, 3000)])
def test_pictures_too_small_for_text_get_none(size):
    image = np.full((*size, 3), 128, np.uint8)
    drawn = Overlay(("a", "b", "c")).draw(
        image, replace(clips.explanation(size[1], size[0]), heat=clips.explanation().heatmaps / 2)
    )
    assert drawn.shape == image.shape


@pytest.mark.parametrize(
    "size", [(160, 120), (120, 160), (176, 144), (128, 96), (100, 75), (320, 240), (240, 427), (96, 96)]
)
@pytest.mark.parametrize("targets", [1, 3])
def test_no_more_than_a_quarter_of_a_small_picture_is_written_on(size, targets):
    width, height = size
    image = np.full((height, width, 3), 128, np.uint8)
    places = list(heats.CORNERS.values())[:targets]
    for inside in (None, replace(heats.boxed(5, 5, 20, 20), shares=(0.5,) * targets)):
        explanation = heats.heated(width, height, *places, inside=inside)
        plan = panel_plan(image, explanation, 3)
        if plan is None:
            assert width * height < 90 * 90
            continue
        assert plan.width * plan.height <= width * height / 4
        assert plan.size >= 9
        left, top, right, lower = heats.written(
            Overlay(heats.LABELS, alpha=0).draw(image, replace(explanation, inside=None)), image
        )
        assert (right - left) * (lower - top) <= width * height / 4


def test_where_not_all_has_room_the_explained_class_is_listed_first():
    explanation = heats.heated(160, 120, (0.5, 0.5))
    explanation = replace(explanation, classes=np.array([4], np.int32), scores=np.array([0.04], np.float32))
    image = np.full((120, 160, 3), 128, np.uint8)
    drawn = Overlay(heats.LABELS, alpha=0).draw(image, explanation).astype(int)
    amber = (drawn[..., 2] - drawn[..., 0] > 100).any(1)
    lines = np.flatnonzero(np.diff(amber.astype(int)) == 1)
    assert len(lines) >= 2  # the question, and the class


def test_as_many_classes_as_are_asked_for_where_there_is_room():
    explanation = heats.heated(1280, 720, (0.5, 0.5))
    many = np.linspace(1, 0, 30, dtype=np.float32)
    image = np.full((720, 1280, 3), 128, np.uint8)
    plan = panel_plan(image, replace(explanation, probabilities=many), 8)
    assert plan.lines == 8
    assert plan.width * plan.height <= 1280 * 720 / 4


@pytest.mark.parametrize(
    ("label", "shown"),
    [("Σκύλος", "Σκύλος"), ("\u732b\nneko", "\u732b neko"), ("e\u0301", "\u00e9"), ("", "class 0"), ("\u0e41\u0e21\u0e27", "class 0"),
     ("\u0928\u092e\u0938 x", "class 0"), ("a\0b\u200b", "ab")],
)  # fmt: skip
def test_names_are_one_line_of_what_the_font_has(label, shown):
    assert name_of(0, (label,)) == shown
    assert name_of(1, (label,)) == "class 1"
