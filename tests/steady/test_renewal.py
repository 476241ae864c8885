"""Which frames are explained where each could carry the map of one before."""

from __future__ import annotations

import numpy as np
import pytest
from makers import movement
from makers.movement import RATE, SIZE, filmed, small_cup, view, with_thing

from streamcam import Frame, GradCAM, Region, VideoSource
from streamcam.explainers.precision import correlation
from streamcam.pipeline.explaining import explained
from streamcam.steady.heat import AHEAD, steadied
from streamcam.steady.naming import SteadyNaming
from streamcam.steady.renewal import LONGEST, Renewal
from streamcam.types import Explanation

WHOLE = Region(0, 0, *SIZE)
GRID = [0, round(LONGEST * RATE), round(2 * LONGEST * RATE)]  # what is explained whatever it shows


def said(first=0.9, second=0.05, region=WHOLE, shown=0):
    """An explanation of class ``shown``, while the probabilities of the classes are these."""
    probabilities = np.array([first, second, 1 - first - second], np.float32)
    classes = np.array([shown], np.int32)
    return Explanation(np.ones((1, 4, 7), np.float32), classes, probabilities[classes], probabilities, region)


def due(frames, explanation=None, **how):
    explanation, renewal = explanation or said(), Renewal()
    return [frame.index for frame in frames if renewal.due(frame, lambda: explanation, **how)]


@pytest.fixture(scope="module")
def room(cat):
    return view(cat, 215, 150, 400)


@pytest.mark.parametrize("noise", [0, 3, 6])
@pytest.mark.parametrize("light", [1.0, 0.15])
def test_noise_alone_is_no_reason(room, noise, light):
    assert due(filmed([room * light] * 100, noise)) == GRID[:2]


def test_a_lamp_that_flickers_is_no_reason_but_one_that_is_put_out_is(room):
    flickering = [room * (0.9 + 0.08 * np.sin(2 * index)) for index in range(50)]
    assert due(filmed(flickering)) == [0]
    assert due(filmed([room] * 5 + [room * 0.4] * 5)) == [0, 5]


def test_a_small_thing_in_a_large_still_picture_is_a_reason(room, coffee):
    cup = small_cup(coffee)
    there, elsewhere = with_thing(room, cup, 20, 130), with_thing(room, cup, 80, 130)
    assert due(filmed([there] * 5 + [elsewhere] * 5)) == [0, 5]


def test_what_the_model_does_not_see_is_no_reason(room, coffee):
    pictures = [with_thing(room, small_cup(coffee), 2 + 3 * (index % 8), 60) for index in range(20)]
    assert due(filmed(pictures), said(region=Region(70, 0, 250, 180))) == [0]
    assert len(due(filmed(pictures))) > 5


def test_slow_changes_add_up(room, coffee):
    other = view(coffee, 300, 200, 450)
    mixed = [room * (1 - share) + other * share for share in np.linspace(0, 1, 55)]
    steps = due(filmed(mixed, 1))
    assert len(steps) > 5
    assert np.diff(steps).min() > 1  # no step is enough by itself


def test_a_cut_is_explained_at_once(room, coffee):
    assert due(filmed([room] * 7 + [view(coffee, 300, 200, 450)] * 7)) == [0, 7]


def test_less_is_enough_while_another_class_is_close(room):
    moved = [room] * 5 + [room + _blob(5)] * 5
    assert due(filmed(moved), said(0.9, 0.05)) == [0]
    assert due(filmed(moved), said(0.5, 0.49)) == [0, 5]


def _blob(levels):
    """A spot that is lighter by so many levels."""
    x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    return levels * np.exp(-((x - 100) ** 2 + (y - 60) ** 2) / 300)[..., None]


def test_while_another_class_leads_the_named_one_each_frame_is_explained(room):
    assert due(filmed([room] * 5), said(shown=1), named=True) == [0, 1, 2, 3, 4]
    assert due(filmed([room] * 5), said(shown=1)) == [0]  # it was asked for


def test_another_question_or_size_is_answered_at_once(room):
    renewal, frames = Renewal(), list(filmed([room] * 4))
    assert [renewal.due(f, said, asked=a) for f, a in zip(frames, "aabb", strict=True)] == [True, False, True, False]
    assert renewal.due(Frame(room[:90].astype(np.uint8), 4, 4 / RATE), said, asked="b")


def test_what_is_decided_does_not_depend_on_where_reading_began(cat):
    frames = list(filmed(movement.shaken(cat, GRID[2] + 10), 2))
    whole, part = due(frames), due(frames[17:])
    assert [index for index in part if index >= GRID[1]] == [index for index in whole if index >= GRID[1]]
    assert 5 < len(whole) < len(frames) / 2


def test_the_result_does_not_depend_on_how_many_are_in_flight(bundled, cat, coffee):
    frames = list(filmed(movement.passing(cat, coffee, 20)))
    one, several = (
        list(explained(frames, GradCAM(bundled, in_flight=n, size=96), every="auto", naming=SteadyNaming()))
        for n in (1, 3)
    )
    assert [e.index for _, e in one] == [e.index for _, e in several]
    assert [e.classes[0] for _, e in one] == [e.classes[0] for _, e in several]


def _compared(frames, bundled):
    """The share of frames that is explained, and how the shown heat correlates with that of all being explained."""
    explain, frames = GradCAM(bundled, in_flight=2, size=128), list(frames)
    shown = [
        list(steadied(explained(frames, explain, every=every, naming=SteadyNaming()), ahead=AHEAD))
        for every in (1, "auto")
    ]
    share = np.mean([e.index == frame.index for frame, e in shown[1]])
    return share, [correlation(all_.heat[0], auto.heat[0]) for (_, all_), (_, auto) in zip(*shown, strict=True)]


def test_a_still_camera_needs_few_maps(bundled, cat, coffee):
    share, correlations = _compared(filmed(movement.still(cat, coffee, 90)), bundled)
    assert share <= 0.2
    assert np.mean(correlations) >= 0.98
    assert min(correlations) >= 0.9


@pytest.mark.parametrize("kind", ["sample", "panned", "shaken", "passing"])
def test_moving_pictures_show_the_same_heat(kind, sample, bundled, cat, coffee):
    if kind == "sample":
        with VideoSource(sample) as source:
            frames = list(source)[70:110]  # with its cut
    else:
        things = {"panned": (coffee,), "shaken": (cat,), "passing": (cat, coffee)}[kind]
        frames = list(filmed(getattr(movement, kind)(*things)))
    share, correlations = _compared(frames, bundled)
    assert 0 < share <= 1
    assert np.mean(correlations) >= 0.98
    assert min(correlations) >= 0.9
